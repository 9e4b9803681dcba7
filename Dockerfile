# cairn alone, for steps that only resolve, pull, push or check. An image of jobs
# copies the program: COPY --from=registry.example.com/cairn:0.1.0 /cairn /usr/local/bin/
#
#   docker buildx build --platform linux/amd64,linux/arm64 -t registry.example.com/cairn:0.1.0 .
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w" -o /cairn ./cmd/cairn

# Certificates of authorities, a user that is not root, and nothing else. It needs
# nothing writable but the scratch folder.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /cairn /cairn
USER 65532:65532
ENV CAIRN_CACHE=/scratch/cairn CAIRN_PROGRESS=plain
VOLUME ["/scratch"]
ENTRYPOINT ["/cairn"]
