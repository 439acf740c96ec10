# The suite with MPICH in a container, as root or any other user: docs/cluster.md has the commands. What is copied is what
# pyproject.toml packages; a test compares the two.
FROM python:3.13-slim

COPY pyproject.toml README.md LICENSE /src/
COPY particles /src/particles
COPY kinetic /src/kinetic
COPY validation /src/validation
RUN python -m pip install --no-cache-dir "/src[mpich]" && rm -r /src

# compiled kernels: a folder that every user may write, and that a volume may keep
ENV XDG_CACHE_HOME=/cache
RUN mkdir -m 1777 /cache
WORKDIR /work
CMD ["simresnet", "--help"]
