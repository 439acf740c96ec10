"""The command lines of ``python -m validation``, one file each; nothing but its `__main__` imports them."""
