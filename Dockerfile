# syntax=docker/dockerfile:1

# The build stage checks every dependency against the hashes of the lock, then installs only those that run.
FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.lock ./
RUN pip wheel --require-hashes --no-deps --requirement requirements.lock --wheel-dir /wheels
COPY pyproject.toml README.md* LICENSE ./
COPY graph_schema graph_schema
COPY resolver resolver
COPY profiles profiles
COPY stream stream
COPY serving serving
RUN python -m venv /opt/onefold \
 && /opt/onefold/bin/pip install --no-index --find-links /wheels . \
 && /opt/onefold/bin/pip uninstall --yes pip setuptools

FROM python:3.11.14-slim-bookworm
ENV PATH=/opt/onefold/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/onefold onefold
COPY --from=build /opt/onefold /opt/onefold
USER 10001
WORKDIR /var/lib/onefold
EXPOSE 8000
ENTRYPOINT ["onefold"]
CMD ["--help"]
