# One image for every role: `docker run outbox-cqrs <command|relay|query|migrate|ops|healthcheck>`.
FROM oven/bun:1.4.5-slim AS build
WORKDIR /build
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --ignore-scripts
COPY command command
COPY query query
COPY shared shared
COPY ops ops
# Bundled, so that the image needs no node_modules; split, so that a health check loads its own few lines and not the
# drivers (20 ms instead of 400); names kept, so that what a stack trace says can be found.
RUN bun build --target=bun --splitting --minify-whitespace --minify-syntax --outdir=/app ops/main.ts

FROM oven/bun:1.4.5-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app .
USER bun
ENTRYPOINT ["bun", "main.js"]
CMD ["--help"]
