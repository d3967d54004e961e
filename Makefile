.DEFAULT_GOAL := help
.PHONY: help run test format bench pack publish

help: ## What there is
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name what; do printf 'make %-9s %s\n' "$$name" "$$what"; done

run: ## Start the service in Development, http://localhost:5080
	dotnet run --project src/JwtAuth.Server

test: ## Formatting, a Release build, every test
	tests/run

format: ## Format as .editorconfig says
	dotnet format JwtAuth.sln

bench: ## Write the figures of docs/performance.md (PARTS="http seen" for some of them)
	dotnet run -c Release --project tests/JwtAuth.Benchmarks -- report $(PARTS)

pack: ## The package for APIs, into feed/
	dotnet pack src/JwtAuth.Bearer -c Release -o feed

publish: ## The service, ready to be copied, into out/
	dotnet publish src/JwtAuth.Server -c Release --use-current-runtime -o out
