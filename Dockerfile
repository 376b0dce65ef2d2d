# One image for all services and the weir command: docker run weir services/ingest-hub/main.ts
ARG NODE_IMAGE=node:24-bookworm-slim
FROM ${NODE_IMAGE} AS packages
WORKDIR /weir
COPY package.json package-lock.json .npmrc ./
COPY contracts/package.json contracts/
COPY packages/aws/package.json packages/aws/
COPY packages/catalogue/package.json packages/catalogue/
COPY packages/config/package.json packages/config/
COPY packages/control/package.json packages/control/
COPY packages/egress/package.json packages/egress/
COPY packages/flow/package.json packages/flow/
COPY packages/iot-sql/package.json packages/iot-sql/
COPY packages/kafka/package.json packages/kafka/
COPY packages/codec/package.json packages/codec/
COPY packages/pages/package.json packages/pages/
COPY packages/patterns/package.json packages/patterns/
COPY packages/service/package.json packages/service/
COPY packages/sinks/package.json packages/sinks/
COPY packages/stack/package.json packages/stack/
COPY packages/streams/package.json packages/streams/
COPY packages/testkit/package.json packages/testkit/
COPY packages/tables/package.json packages/tables/
COPY packages/timing/package.json packages/timing/
COPY packages/topics/package.json packages/topics/
COPY services/gateway/package.json services/gateway/
COPY services/ingest-hub/package.json services/ingest-hub/
COPY services/enricher/package.json services/enricher/
COPY services/pricing/package.json services/pricing/
COPY services/indexer/package.json services/indexer/
COPY services/console/package.json services/console/
COPY services/alerter/package.json services/alerter/
COPY solutions/package.json solutions/
COPY tools/package.json tools/
COPY bench/package.json bench/
# Sources of the libraries, maps, types and other systems' binaries are for developers; the image runs without them.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' \) -delete \
 && rm -r node_modules/onnxruntime-node/bin/*/darwin node_modules/onnxruntime-node/bin/*/win32 \
 && find node_modules/echarts -mindepth 1 -maxdepth 1 ! -name dist ! -name package.json -exec rm -rf {} + \
 && find node_modules/echarts/dist -type f ! -name echarts.common.min.js -delete

FROM ${NODE_IMAGE}
# The container does not share /tmp with other users, and a restarted container finds the folder again.
ENV NODE_ENV=production FUNCTIONS_FOLDER=/tmp/weir-functions
WORKDIR /weir
COPY --from=packages /weir/node_modules node_modules
COPY package.json ./
COPY contracts contracts
COPY packages packages
COPY services services
COPY solutions solutions
COPY ml/models ml/models
COPY tools tools
USER 1000:1000
# node itself gets the signals and drains; it writes only to /tmp.
ENTRYPOINT ["node"]
CMD ["tools/weir/main.ts", "--help"]
