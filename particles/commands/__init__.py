"""The command lines of ``python -m particles``, one file each; nothing but its `__main__` imports them."""
