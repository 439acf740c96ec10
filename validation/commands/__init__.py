"""The command lines of ``python -m validation``, one file each; a `__main__` alone imports them, or each other."""
