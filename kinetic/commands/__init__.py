"""The command lines of ``python -m kinetic``, one file each; a `__main__` alone imports them, or each other."""
