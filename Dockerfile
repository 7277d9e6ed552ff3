# The portal as one image: `manage.py up` by default, or one of its processes (deploy/kubernetes/).
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_LINK_MODE=copy
COPY requirements/ requirements/
RUN python -m venv .venv \
 && .venv/bin/pip install --require-hashes --no-deps -r requirements/uv.txt \
 && .venv/bin/uv pip install --python .venv/bin/python --require-hashes --no-deps --compile-bytecode -r requirements/base.txt \
 && .venv/bin/pip uninstall -y uv
COPY package.json package-lock.json ./
COPY deploy/front-end deploy/front-end
RUN ./deploy/front-end .venv/bin/python && rm -rf .venv/node

FROM python:3.11-slim-bookworm
# Debian's Redis gets security fixes; it serves only where no REDIS_URL is given.
RUN apt-get update \
 && apt-get install -y --no-install-recommends redis-server tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home --shell /usr/sbin/nologin signalbox \
 && install -d -o signalbox -g signalbox -m 0700 /data
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY --from=build /app/node_modules node_modules
COPY . .
ENV PATH=/app/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 DATA_DIR=/data PORT=8000
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=120s --interval=15s --timeout=5s \
    CMD ["python", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status >= 500)"]
# tini reaps what processes leave; the supervisor does the rest.
ENTRYPOINT ["tini", "--"]
CMD ["python", "manage.py", "up"]
