FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md ./
COPY gateway gateway
COPY schema schema
COPY resolvers resolvers
COPY datasources datasources
COPY permissions permissions
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /dist .

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Written by: uv export --no-dev --no-emit-project --no-header --no-annotate -o requirements.txt
COPY requirements.txt /tmp/
RUN pip install --require-hashes -r /tmp/requirements.txt
COPY --from=build /dist /tmp/dist
RUN pip install --no-deps /tmp/dist/*.whl && rm -r /tmp/dist /tmp/requirements.txt \
    && useradd --uid 10001 --create-home gateway
USER gateway
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["customer-graph"]
CMD ["serve", "--config", "/etc/customer-graph/gateway.toml", "--migrate"]
