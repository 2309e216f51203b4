// OpenFeature's OpenTelemetry hooks ask for the logs API under the package name that it had before @opentelemetry/api 1.10 took it in.
import { registerHooks } from 'node:module'

/**
 * Answers imports of that name with the API itself, which needs no second package and has the running SDK's loggers. The hooks must be
 * imported afterwards, so on demand.
 */
export function provideLogsApi(): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier === '@opentelemetry/api-logs' ? '@opentelemetry/api' : specifier, context),
  })
}
