"""What lies below every package: compilation policy, shims, errors, the shell of the command lines, files."""
