# syntax=docker/dockerfile:1
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
# What decides the packages comes first: this layer stays as long as they do.
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY src/JwtAuth.Bearer/JwtAuth.Bearer.csproj src/JwtAuth.Bearer/
COPY src/JwtAuth.Server/JwtAuth.Server.csproj src/JwtAuth.Server/
# Compiled for the image's own processor, so that the start is short.
ARG TARGETARCH=amd64
RUN dotnet restore src/JwtAuth.Server/JwtAuth.Server.csproj -a $TARGETARCH
COPY .editorconfig ./
COPY src src
RUN dotnet publish src/JwtAuth.Server/JwtAuth.Server.csproj -c Release -a $TARGETARCH --no-restore -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app .
# A volume takes over owner and mode of the directory that it covers.
RUN install -d -m 0700 -o $APP_UID -g $APP_UID /data
ENV JwtAuth__DataDirectory=/data
VOLUME /data
USER $APP_UID
# The base image's ASPNETCORE_HTTP_PORTS.
EXPOSE 8080
# The image has no curl, and a second .NET process for each probe would cost more than the answer: bash opens the socket itself.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["bash", "-c", \
  "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["dotnet", "JwtAuth.Server.dll"]
