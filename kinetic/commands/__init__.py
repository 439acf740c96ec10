"""The command lines of ``python -m kinetic``, one file each; nothing but its `__main__` imports them."""
