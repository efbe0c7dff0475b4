# make run [PORT=8080] [DATA=var] [TLS=1] [PROFILE=demo]   the whole world on this machine
#          PROFILE=by|ru|ua: that country's levels and procedures, kept in var-by, var-ru, var-ua
# make test                                                everything, with real PostgreSQL and Chromium
# make load                                                a fresh world under load; prints the table
# make clean [DATA=var] [PROFILE=demo]                     forget the data of `make run`
# make build                                               the programs, in bin/
#
# Each installs what it needs where it may; .ci/need says what is missing where it may not.

PORT    ?= 8080
PROFILE ?= demo
DATA    ?= $(if $(filter demo,$(PROFILE)),var,var-$(PROFILE))
TLS     ?=
SECURE   = $(if $(filter-out 0 no false,$(TLS)),--tls)

.PHONY: run test load clean build

run: build
	@.ci/need postgresql
	@exec bin/sandbox --port "$(PORT)" --data "$(DATA)" --profile "$(PROFILE)" $(SECURE)

test: build
	@.ci/need postgresql chromium nodejs npm
	@.ci/test

load: build
	@.ci/need postgresql
	@.ci/load

clean: build
	@bin/sandbox clean --data "$(DATA)"

build:
	@.ci/need go
	@go build -o bin/ ./cmd/idp ./cmd/agency ./cmd/sandbox ./cmd/loadtest
