# The gateway in a slim image: a build stage makes the wheel and its environment, the image proper
# only holds the result. Build: docker build --build-arg GIT_SHA=$(git rev-parse HEAD) -t tradegw .
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim AS build
WORKDIR /src
COPY pyproject.toml setup.py README.md LICENSE ./
COPY tradegw tradegw
COPY twisted twisted
RUN python -m pip wheel --no-cache-dir --disable-pip-version-check --no-deps --wheel-dir /wheels .
RUN python -m venv --without-pip /opt/tradegw
RUN python -m pip --python /opt/tradegw install --no-cache-dir --disable-pip-version-check /wheels/*.whl

FROM python:${PYTHON_VERSION}-slim
ARG GIT_SHA=unknown
LABEL org.opencontainers.image.title="tradegw" \
      org.opencontainers.image.description="One REST and WebSocket trading API in front of many brokers." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${GIT_SHA}"
ENV PATH=/opt/tradegw/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GATEWAY_HOST=0.0.0.0 \
    GATEWAY_PORT=8080 \
    GATEWAY_STATE_DIR=/var/lib/tradegw \
    GIT_SHA=${GIT_SHA}
COPY --from=build /opt/tradegw /opt/tradegw
# twistd writes down which plugins there are when it first looks; later, as tradegw, it could not.
RUN twistd --help > /dev/null
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/tradegw tradegw
RUN install --directory --owner=tradegw --group=tradegw --mode=0700 /var/lib/tradegw
USER 10001:10001
WORKDIR /var/lib/tradegw
VOLUME ["/var/lib/tradegw"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + (os.environ['GATEWAY_PORT'] or '8080') + '/livez', timeout=2)"]
ENTRYPOINT ["twistd", "--nodaemon", "--pidfile=", "tradegw"]
