# OnRecord in a container: without root, on a read-only root file system, with PostgreSQL elsewhere (DATABASE_URL_FILE).
# --build-arg DOCS=0 leaves out the page at /docs, and with it npm.

# --- the page at /docs: what package-lock.json names ------------------------------------------------------------------
FROM debian:bookworm-slim AS page
ARG DOCS=1
WORKDIR /src
RUN if [ "$DOCS" != 0 ]; then \
        apt-get update -qq \
        && apt-get install -y -qq --no-install-recommends ca-certificates npm >/dev/null \
        && rm -rf /var/lib/apt/lists/*; \
    fi
COPY package.json package-lock.json ./
COPY tools/npm-install tools/
RUN mkdir -p build/npm && if [ "$DOCS" != 0 ]; then tools/npm-install build/npm --omit=dev; fi

# --- the program ------------------------------------------------------------------------------------------------------
FROM debian:bookworm-slim AS build
ARG DOCS=1
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends gcc libc6-dev make python3-yaml libmicrohttpd-dev \
        libjansson-dev libpq-dev zlib1g-dev nettle-dev libutf8proc-dev libxxhash-dev >/dev/null \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
COPY --from=page /src/build/npm build/npm
# What COPY has just brought is newer than the stamp, which would bring npm in again.
RUN if [ -e build/npm/.installed ]; then touch build/npm/.installed; fi && make DOCS="$DOCS" build/onrecord

# --- what runs --------------------------------------------------------------------------------------------------------
FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends libmicrohttpd12 libjansson4 libpq5 zlib1g libnettle8 libutf8proc2 libxxhash0 \
        postgresql-client-15 \
        >/dev/null \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/build/onrecord /usr/bin/onrecord
COPY LICENSE /usr/share/doc/onrecord/LICENSE
USER 10001:10001
ENV ONRECORD_LISTEN=0.0.0.0:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --retries=6 CMD ["/usr/bin/onrecord", "health"]
ENTRYPOINT ["/usr/bin/onrecord"]
CMD ["serve"]
