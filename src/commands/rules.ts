// `cohortd rules prometheus`: the rules of the configured policies as a Prometheus rule file.
import { prometheusRules } from '../migration/prometheus-rules.ts'
import { withFlagEvaluations } from '../model/flag-evaluations.ts'
import { cohortSegmentLabels } from '../publish/cohort-labels.ts'
import type { Terminal } from '../runtime/terminal.ts'
import { CONFIGURATION_FLAGS, loadOrComplain } from './configured.ts'
import { EXIT, readFlagsAndArguments, UsageError } from './usage.ts'

export const RULES_HELP = `cohortd rules prometheus [--config FILE] [--set KEY=VALUE]... [--job NAME]

Writes a Prometheus rule file to standard output, for those who alert from there: recording rules over replicas, an alert for
each SLO and rule of its policy, and alerts on the daemon itself.

  --config FILE    as for serve
  --set KEY=VALUE  as for serve
  --job NAME       job_name of the scrape configuration; cohortd by default
  --help           this text

Exit codes: 0 done, 2 a wrong call or a bad configuration.
`

const DEFAULT_JOB = 'cohortd'

export function rulesCommand(args: readonly string[], terminal: Terminal): number {
  const given = argumentsOf(args)
  if (typeof given === 'string') {
    terminal.err(`${given}\n\n${RULES_HELP}`)
    return EXIT.badConfiguration
  }
  const loaded = loadOrComplain(given.values, terminal)
  if (loaded === null) return EXIT.badConfiguration
  const { slis, slos, experiments, segments } = loaded.settings.engine
  const { job } = given.values
  terminal.out(
    prometheusRules({
      slis: withFlagEvaluations(slis),
      slos,
      experiments,
      segmentLabels: cohortSegmentLabels(segments),
      job,
      madeBy: `cohortd rules prometheus${job === DEFAULT_JOB ? '' : ` --job ${JSON.stringify(job)}`} from ${loaded.file === null ? 'the built-in defaults' : JSON.stringify(loaded.file)}`,
    }),
  )
  return EXIT.ok
}

/** A text says what is wrong with them. */
function argumentsOf(args: readonly string[]) {
  try {
    const given = readFlagsAndArguments(args, {
      ...CONFIGURATION_FLAGS,
      job: { type: 'string', default: DEFAULT_JOB },
    })
    const [target, ...more] = given.positionals
    if (target === 'prometheus' && more.length === 0) return given
    return target === undefined
      ? 'rules of what? prometheus is known'
      : `${[target, ...more].join(' ')} is not known; prometheus is`
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
}
