# Three stages: the dashboard, the packages with their hashes checked, then both beside the code,
# as a user who owns nothing but the data. Keys come at run time, never into the image.
ARG PYTHON=3.11-slim-bookworm
ARG NODE=24-bookworm-slim

FROM node:${NODE} AS dashboard
WORKDIR /build
COPY mFrontend/ ./
RUN npm ci --no-audit --no-fund && npm run build

FROM python:${PYTHON} AS packages
COPY requirements-stores.lock requirements-lighter.lock /build/
# All stores of history are at hand; of Lighter's SDK nothing is taken but its signer for Linux.
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install \
        --no-cache-dir --disable-pip-version-check --require-hashes -r /build/requirements-stores.lock \
    && pip --python /opt/venv/bin/python install --no-deps \
        --no-cache-dir --disable-pip-version-check --require-hashes -r /build/requirements-lighter.lock \
    && find /opt/venv -path '*lighter/signers/*' \( -name '*darwin*' -o -name '*windows*' \) -delete

FROM python:${PYTHON}
RUN groupadd --gid 10001 broadcaster \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/broadcaster \
        --shell /usr/sbin/nologin broadcaster \
    && install -d -m 700 -o broadcaster -g broadcaster /var/lib/broadcaster /run/broadcaster
WORKDIR /opt/broadcaster
COPY --from=packages /opt/venv /opt/venv
COPY LICENSE pyproject.toml main.py supervisor.py ./
COPY config/ config/
COPY actors/ actors/
COPY web/ web/
COPY --from=dashboard /build/dist/ mFrontend/dist/
RUN ["/opt/venv/bin/python", "-m", "compileall", "-q", "."]
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=5000 \
    DATA_DIR=/var/lib/broadcaster \
    RUNTIME_DIR=/run/broadcaster \
    LOG_FORMAT=json
USER 10001:10001
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=4)"]
ENTRYPOINT ["python", "main.py"]
CMD ["run"]
