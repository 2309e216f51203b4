# The container image: the compiled program and what it needs to run, on the current Node.js LTS.

# Compiles. Optional packages are needed here: the compiler itself is one of them.
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run prepack

# Only what runs. The image brings its own Node.js, so the optional packages, which carry one, stay out.
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-slim
LABEL org.opencontainers.image.title="cohortd" \
      org.opencontainers.image.description="Tells within seconds whether a variant of an experiment hurts people: OTLP in, per-variant SLIs, burn rates and alerts out" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    COHORTD_CONFIG=/etc/cohortd/cohortd.yaml
WORKDIR /app
COPY package.json LICENSE ./
COPY bin ./bin
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY config/container.yaml /etc/cohortd/cohortd.yaml
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4317 4318 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "require('node:http').get('http://127.0.0.1:9464/readyz', (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["node", "/app/bin/cohortd.js"]
CMD ["serve"]
