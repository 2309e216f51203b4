// OpenFeature's OpenTelemetry hooks ask for the logs API under the package name that it had before @opentelemetry/api 1.10 took it in.
import { registerHooks } from 'node:module'

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier === '@opentelemetry/api-logs' ? '@opentelemetry/api' : specifier, context),
})
