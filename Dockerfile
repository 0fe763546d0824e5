# The base of both stages: any image with glibc and Node.js 20.19 or newer.
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Dependencies run no scripts of their own: none of them needs to, and a build should not run strangers' code.
RUN npm ci --ignore-scripts --no-audit --no-fund
# Drivers that the ordinary install leaves out, without their sources and the binaries of other systems.
COPY drivers/package.json drivers/package-lock.json ./drivers/
RUN npm ci --prefix drivers --ignore-scripts --no-audit --no-fund \
  && rm -rf drivers/node_modules/@photostructure/sqlite/src drivers/node_modules/@photostructure/sqlite/prebuilds/darwin-* \
    drivers/node_modules/@photostructure/sqlite/prebuilds/win32-*
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build
# Again without what only the build and the tests need, and without what only editors read.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete \
  && rm -rf /root/.npm

FROM ${NODE_IMAGE}
# glibc gives memory back after a large poll, and has one pool for all threads: some 25 MB less.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072 \
    SPENDWATCH_CONFIG=/etc/spendwatch/alerts.yaml
# The one folder that is written to, and only by an embedded database (pglite:/var/lib/spendwatch/data).
RUN mkdir -p /etc/spendwatch /var/lib/spendwatch && chown 1000:1000 /var/lib/spendwatch
COPY --from=build /app/package.json /app/
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/drivers /app/drivers
COPY --from=build /app/dist /app/dist
COPY LICENSE /app/
# A number, so that a cluster which refuses root can see that this is not root. It is `node` in the official images.
USER 1000:1000
WORKDIR /etc/spendwatch
VOLUME /var/lib/spendwatch
EXPOSE 9464
STOPSIGNAL SIGTERM
# Asked from inside, so the default http.listen, which is loopback, is enough. Set SPENDWATCH_HEALTH_URL where
# http.listen names another port, and switch the check off where it is `off`.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.SPENDWATCH_HEALTH_URL || 'http://127.0.0.1:9464/healthz', { signal: AbortSignal.timeout(4000) }).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["run"]
