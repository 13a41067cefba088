# isoframe on CPUs: docker build -f ci/container/cpu.Dockerfile -t isoframe .
FROM debian:12-slim AS build
WORKDIR /source
COPY . .
ENV ISOFRAME_CACHE=/cache
# git says which commit this is.
RUN apt-get update && apt-get install -y --no-install-recommends git
RUN ci/build && cmake --install build --prefix /opt/isoframe --strip && mv /cache/libtorch-* /torch

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends libavcodec59 libavformat59 libavutil57 libswscale6 libfmt9 libjpeg62-turbo \
    libopencv-core406 libopencv-imgcodecs406 libopencv-imgproc406 libopencv-videoio406 libpcre2-8-0 libsqlite3-0 libutf8proc2 \
    libxxhash0 libyaml-cpp0.7 python3 zlib1g \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/isoframe /opt/isoframe
# The wheel's libraries find those of NVIDIA beside its folder.
COPY --from=build /torch /torch
ENV ISOFRAME_TORCH=/torch/torch PATH=/opt/isoframe/bin:$PATH
RUN useradd --create-home isoframe && isoframe --version
USER isoframe
WORKDIR /home/isoframe
ENTRYPOINT ["isoframe"]
