import { describe, expect, it } from 'vitest'
import { problemsOf } from './load-text.ts'

const SLI = 'slis: [{name: a, bad_when: {span.status: ERROR}}]\n'

/** Sentence, configuration, what `cohortd check` prints. */
const CASES: readonly (readonly [sentence: string, text: string, expected: readonly string[]])[] = [
  [
    'a misspelt section is named with the right one',
    'recievers: {}',
    [
      'cohortd.yaml:1:1: recievers: found an unknown key, expected one of receivers, api, store, ack, cohorts, slis, slos, policies, experiments, exporters, alerts, telemetry, events, shutdown_timeout (did you mean receivers?)',
    ],
  ],
  [
    'a misspelt key deep inside stands at its own place',
    'slos:\n  - name: x\n    sli: availability\n    objective: 0.99\n    windos: 5m\n',
    [
      'cohortd.yaml:5:5: slos[0].windos: found an unknown key, expected one of name, sli, objective, upper_bound, window, policy (did you mean window?)',
    ],
  ],
  [
    'a missing key stands where its parent is',
    'slos:\n  - name: x\n    sli: availability\n',
    ['cohortd.yaml:2:5: slos[0].objective: found nothing, expected either objective or upper_bound'],
  ],
  [
    'an objective in percent is turned into a share',
    'slos: [{name: x, sli: availability, objective: 99.9}]',
    [
      'cohortd.yaml:1:48: slos[0].objective: found 99.9, expected a number above 0 and below 1, such as 0.999 (did you mean 0.999?)',
    ],
  ],
  [
    'an SLO on an SLI that does not exist',
    `${SLI}slos: [{name: x, sli: b, objective: 0.9}]`,
    ['cohortd.yaml:2:23: slos[0].sli: found "b", expected one of the SLIs a, flag_evaluations (did you mean a?)'],
  ],
  [
    'an SLO on an SLI that calls nothing bad',
    'slis: [{name: a}]\nslos: [{name: x, sli: a, objective: 0.9}]',
    [
      'cohortd.yaml:2:23: slos[0].sli: found "a", expected an SLI that says what is good or bad (bad_when, good or good_below)',
    ],
  ],
  [
    'an SLO that is wrong in itself as well still has its names checked',
    'slos: [{name: x, sli: latencie, objective: 1.5, policy: workbok}]',
    [
      'cohortd.yaml:1:23: slos[0].sli: found "latencie", expected one of the SLIs availability, latency, flag_evaluations (did you mean latency?)',
      'cohortd.yaml:1:44: slos[0].objective: found 1.5, expected a number above 0 and below 1, such as 0.999 (did you mean 0.015?)',
      'cohortd.yaml:1:57: slos[0].policy: found "workbok", expected one of the policies experiment, workbook (did you mean workbook?)',
    ],
  ],
  [
    'an unknown policy',
    'slos: [{name: x, sli: latency, objective: 0.9, policy: workbok}]',
    [
      'cohortd.yaml:1:56: slos[0].policy: found "workbok", expected one of the policies experiment, workbook (did you mean workbook?)',
    ],
  ],
  [
    'a built-in policy that the objective cannot reach',
    'slos: [{name: x, sli: latency, objective: 0.9, policy: workbook}]',
    [
      'cohortd.yaml:1:56: slos[0].policy: found "workbook", expected a policy with factors of at most 10, the highest burn rate that objective 0.9 can reach; workbook has 14.4x',
    ],
  ],
  [
    'an objective below what the default policy needs',
    'slos: [{name: x, sli: latency, objective: 0.4}]',
    [
      'cohortd.yaml:1:43: slos[0].objective: found 0.4, expected a policy with factors of at most 1.66667, the highest burn rate that objective 0.4 can reach; experiment has 2x',
    ],
  ],
  [
    'a dead rule of an own policy stands at its factor',
    'policies:\n  - name: own\n    rules:\n      - {severity: page, factor: 101, long: 1h, short: 5m}\nslos: [{name: x, sli: latency, objective: 0.99, policy: own}]',
    [
      'cohortd.yaml:4:34: policies[0].rules[0].factor: found 101, expected at most 100, the highest burn rate that objective 0.99 can reach (SLO x)',
    ],
  ],
  [
    'a long window that is not longer',
    'policies: [{name: p, rules: [{severity: page, factor: 2, long: 5m, short: 5m}]}]',
    ['cohortd.yaml:1:64: policies[0].rules[0].long: found "5m", expected a window longer than `short`'],
  ],
  [
    'windows that are no whole minutes or too long',
    'slos:\n  - {name: x, sli: latency, objective: 0.9, window: 90s}\n  - {name: y, sli: latency, objective: 0.9, window: 31d}\n  - {name: z, sli: latency, objective: 0.9, window: 5}',
    [
      'cohortd.yaml:2:53: slos[0].window: found "90s", expected a window of whole minutes from 1m to 30d',
      'cohortd.yaml:3:53: slos[1].window: found "31d", expected a window of whole minutes from 1m to 30d',
      'cohortd.yaml:4:53: slos[2].window: found 5, expected a window such as "5m", "1h" or "30d" (did you mean "5s"?)',
    ],
  ],
  [
    'names given twice',
    `slis: [{name: a}, {name: b}, {name: a}]\nexperiments: [{id: e}, {id: e}]`,
    [
      'cohortd.yaml:1:37: slis[2].name: found "a", expected another name, since slis[0] has this one',
      'cohortd.yaml:2:29: experiments[1].id: found "e", expected another id, since experiments[0] has this one',
    ],
  ],
  [
    'names of built-in policies',
    'policies: [{name: workbook, rules: [{severity: page, factor: 1, long: 1h, short: 5m}]}]',
    [
      'cohortd.yaml:1:19: policies[0].name: found "workbook", expected a name other than experiment and workbook, which are built in',
    ],
  ],
  [
    'segments whose labels clash',
    'cohorts:\n  segments: [service.name, service_name, sli, 9lives, __x]',
    [
      'cohortd.yaml:2:28: cohorts.segments[1]: found "service_name", expected segments with different labels: this and service.name are both service_name',
      'cohortd.yaml:2:42: cohorts.segments[2]: found "sli", expected an attribute whose label is not sli, which metrics use otherwise',
      'cohortd.yaml:2:55: cohorts.segments[4]: found "__x", expected an attribute whose label does not begin with __, which Prometheus keeps for itself',
    ],
  ],
  [
    'addresses that are none',
    'receivers:\n  otlp:\n    protocols:\n      grpc: {endpoint: "http://0.0.0.0:4317"}\n      http: {endpoint: 4318}\napi: {endpoint: ":9464"}',
    [
      'cohortd.yaml:4:24: receivers.otlp.protocols.grpc.endpoint: found "http://0.0.0.0:4317", expected host:port such as 127.0.0.1:4317 or "[::1]:4317", without a scheme (did you mean 0.0.0.0:4317?)',
      'cohortd.yaml:5:24: receivers.otlp.protocols.http.endpoint: found 4318, expected host:port such as 127.0.0.1:4317 or "[::1]:4317" (did you mean 127.0.0.1:4318?)',
      'cohortd.yaml:6:17: api.endpoint: found ":9464", expected host:port such as 127.0.0.1:4317 or "[::1]:4317"; every interface is 0.0.0.0:9464 (did you mean 127.0.0.1:9464?)',
    ],
  ],
  [
    'two listeners on one address',
    'api: {endpoint: 0.0.0.0:4318}',
    [
      'cohortd.yaml:1:17: api.endpoint: found "0.0.0.0:4318", expected an address where nothing else of this configuration listens',
    ],
  ],
  [
    'no protocol at all',
    'receivers: {otlp: {protocols: {grpc: , http: null}}}',
    ['cohortd.yaml:1:31: receivers.otlp.protocols: found a map, expected at least one of grpc and http'],
  ],
  [
    'sizes in decimal units, and a request larger than all requests',
    'receivers: {otlp: {max_request_size: 64MB}}\n---\n',
    [
      'cohortd.yaml:1:38: receivers.otlp.max_request_size: found "64MB", expected a size such as "64MiB" (B, KiB, MiB, GiB) (did you mean "64MiB"?)',
      'cohortd.yaml:2:1: (root): found a second YAML document, expected one document in a file',
    ],
  ],
  [
    'less memory for all requests than for one',
    'receivers: {otlp: {max_in_flight: 1MiB}}',
    [
      'cohortd.yaml:1:35: receivers.otlp.max_in_flight: found "1MiB", expected at least max_request_size (64MiB by default)',
    ],
  ],
  [
    'durations without a unit',
    'shutdown_timeout: 10\ncohorts: {allowed_lateness: "1 minute"}',
    [
      'cohortd.yaml:1:19: shutdown_timeout: found 10, expected a duration of at least 1ms, such as "30s" or "5m" (did you mean "10s"?)',
      'cohortd.yaml:2:29: cohorts.allowed_lateness: found "1 minute", expected a duration, such as "30s" or "5m"',
    ],
  ],
  [
    'tags that are neither a pair nor a prefix',
    'cohorts: {tags: [{experiment: a}, {prefix: 5}, x, {experiment: a, variant: []}]}',
    [
      'cohortd.yaml:1:18: cohorts.tags[0].variant: found nothing, expected the name of an attribute',
      'cohortd.yaml:1:44: cohorts.tags[1].prefix: found 5, expected text (did you mean "5"?)',
      'cohortd.yaml:1:48: cohorts.tags[2]: found "x", expected a map',
      'cohortd.yaml:1:76: cohorts.tags[3].variant: found an empty list, expected at least one entry',
    ],
  ],
  [
    'an SLI from somewhere else',
    'slis: [{name: a, from: span}]',
    [
      'cohortd.yaml:1:24: slis[0].from: found "span", expected one of spans, metrics, events, ingest (did you mean spans?)',
    ],
  ],
  [
    'a bound in the wrong unit, or without a value',
    'slis:\n  - {name: a, value: duration, good_below: 0.3}\n  - {name: b, value: attribute:bytes, good_below: 300ms}\n  - {name: c, good_below: 1}\n  - {name: d, value: http.size, percentiles: [50, 0.5, 0.5]}',
    [
      'cohortd.yaml:2:44: slis[0].good_below: found 0.3, expected a duration such as "300ms", since the value is a duration',
      'cohortd.yaml:3:51: slis[1].good_below: found "300ms", expected a number in the attribute\'s own unit',
      'cohortd.yaml:4:27: slis[2].good_below: found 1, expected no such key without `value: duration` or `value: attribute:NAME`',
      'cohortd.yaml:5:22: slis[3].value: found "http.size", expected duration, or attribute:NAME (did you mean attribute:http.size?)',
      'cohortd.yaml:5:47: slis[3].percentiles[0]: found 50, expected a number above 0 and below 1, such as 0.99 (did you mean 0.5?)',
    ],
  ],
  [
    'a metric SLI with half a ratio',
    'slis: [{name: a, from: metrics, numerator: {metric: m}}, {name: b, from: metrics}]',
    [
      'cohortd.yaml:1:8: slis[0]: found a map, expected either metric, or both numerator and denominator',
      'cohortd.yaml:1:58: slis[1]: found a map, expected either metric, or both numerator and denominator',
    ],
  ],
  [
    'Redis without an address, with two, and Sentinels without a master',
    'store: {type: redis, password: 5}',
    [
      'cohortd.yaml:1:8: store: found a map, expected exactly one of url, cluster, sentinels beside type: redis',
      'cohortd.yaml:1:32: store.password: found a value not shown, expected text',
    ],
  ],
  [
    'Redis Sentinels without a master, and half a client certificate',
    'store: {type: redis, sentinels: ["redis://h:1"], tls: {cert_file: c}}',
    [
      'cohortd.yaml:1:8: store.master: found nothing, expected the name of the master that the Sentinels watch',
      'cohortd.yaml:1:55: store.tls.key_file: found nothing, expected a file, since a client certificate and its key go together',
    ],
  ],
  [
    'a Redis Cluster with a database',
    'store: {type: redis, cluster: ["redis://h:1/2", "redis://h:2/0"]}',
    [
      'cohortd.yaml:1:32: store.cluster[0]: found "redis://h:1/2", expected a URL without a database, since a Redis Cluster has only database 0',
    ],
  ],
  [
    'a Redis database by name',
    'store: {type: redis, url: "redis://u:hunter2@h:1/shop"}',
    [
      'cohortd.yaml:1:27: store.url: found "redis://u:***@h:1/shop", expected a URL that ends with the number of a database, or with none',
    ],
  ],
  [
    'a key prefix that would put all keys into one slot',
    'store: {type: redis, url: "redis://h:1", key_prefix: "{shop}"}',
    [
      'cohortd.yaml:1:54: store.key_prefix: found "{shop}", expected text without { and }, since Redis Cluster reads braces as the part of a key that decides on its slot',
    ],
  ],
  [
    'an acknowledgement that nothing could keep',
    'ack: durable\nstore: {type: memory}\nreceivers: {otlp: {retry_window: 0s}}',
    [
      'cohortd.yaml:1:6: ack: found "durable", expected memory, since store.type memory loses everything with the process; durable needs sqlite or redis',
      'cohortd.yaml:3:34: receivers.otlp.retry_window: found "0s", expected more than 0s beside ack: durable, since requests that are sent again could not be recognised',
    ],
  ],
  [
    'a password inside an address is not repeated, however it is written',
    'store: {type: redis, cluster: ["http://:hunter2@h:1", "http://joe:hun@ter2/hunter2@h", "http://h?password=hunter2"]}',
    [
      'cohortd.yaml:1:32: store.cluster[0]: found "http://:***@h:1", expected a URL that begins with redis:// or rediss://',
      'cohortd.yaml:1:55: store.cluster[1]: found "http://joe:***@h", expected a URL that begins with redis:// or rediss://',
      'cohortd.yaml:1:88: store.cluster[2]: found "http://h?password=***", expected a URL that begins with redis:// or rediss://',
    ],
  ],
  [
    'a password inside an address is not repeated',
    'store: {type: redis, url: "http://joe:hunter2@h:1"}',
    ['cohortd.yaml:1:27: store.url: found "http://joe:***@h:1", expected a URL that begins with redis:// or rediss://'],
  ],
  [
    'experiments that contradict themselves',
    'experiments:\n  - id: e\n    control: base\n    allocation: {control: 1, treatment: 1}\n    guardrails: [{sli: availabilty, margin: 1}]\n    success: {sli: nope, direction: up}\n  - id: f\n    guardrails: [{sli: latency}, {sli: latency}]\n    allocation: {only: 1}\n',
    [
      'cohortd.yaml:3:14: experiments[0].control: found "base", expected one of the variants of allocation (control, treatment)',
      'cohortd.yaml:5:24: experiments[0].guardrails[0].sli: found "availabilty", expected one of the SLIs availability, latency, flag_evaluations (did you mean availability?)',
      'cohortd.yaml:5:45: experiments[0].guardrails[0].margin: found 1, expected a number above 1, such as 1.25',
      'cohortd.yaml:6:37: experiments[0].success.direction: found "up", expected one of increase, decrease',
      'cohortd.yaml:8:40: experiments[1].guardrails[1].sli: found "latency", expected an SLI that is not a guardrail of this experiment already',
      'cohortd.yaml:9:17: experiments[1].allocation: found a map, expected at least two variants',
    ],
  ],
  [
    'a planned share that is none, alone and beside a control',
    'experiments: [{id: e, control: base, allocation: {base: -0.5, treatment: 1}}]',
    ['cohortd.yaml:1:57: experiments[0].allocation.base: found -0.5, expected a number above 0, such as 0.5'],
  ],
  [
    'amounts where good and bad events are compared',
    'slis: [{name: cost, from: metrics, numerator: {metric: usd}, denominator: {metric: requests}}]\nslos: []\nexperiments:\n  - {id: e, guardrails: [{sli: cost}], success: {sli: cost, direction: decrease}}\n',
    [
      'cohortd.yaml:4:32: experiments[0].guardrails[0].sli: found "cost", expected an SLI of good and bad events, since this one is an amount: numerator_is says where it counts good or bad ones; for an amount there is upper_bound of an SLO',
      'cohortd.yaml:4:55: experiments[0].success.sli: found "cost", expected an SLI of good and bad events, since this one is an amount: numerator_is says where it counts good or bad ones; for an amount there is upper_bound of an SLO',
    ],
  ],
  [
    'a window where the trace tells the variant',
    'slis: [{name: buys, from: events, good: {event.name: purchase}, attribution: {by: trace, window: 1h}}]',
    [
      'cohortd.yaml:1:98: slis[0].attribution.window: found "1h", expected no such key beside by: trace, where cohorts.inherit_from_trace says how long',
    ],
  ],
  [
    'a bound of an amount for what is judged by itself',
    'slos: [{name: flags, sli: flag_evaluations, upper_bound: 2}]',
    [
      'cohortd.yaml:1:58: slos[0].upper_bound: found 2, expected objective, unless the SLI is a ratio of two metrics with numerator_is: amount',
    ],
  ],
  [
    'a guardrail on an SLI that does not exist',
    'experiments: [{id: e, guardrails: [{sli: availabilty}]}]',
    [
      'cohortd.yaml:1:42: experiments[0].guardrails[0].sli: found "availabilty", expected one of the SLIs availability, latency, flag_evaluations (did you mean availability?)',
    ],
  ],
  [
    'origins that are none',
    'receivers: {otlp: {protocols: {http: {cors: {allowed_origins: ["https://a.b/c", shop, "*"]}}}}}',
    [
      'cohortd.yaml:1:64: receivers.otlp.protocols.http.cors.allowed_origins[0]: found "https://a.b/c", expected an origin such as https://shop.example.com, one with a single * in it, or "*"; an origin has no path (did you mean https://a.b?)',
      'cohortd.yaml:1:81: receivers.otlp.protocols.http.cors.allowed_origins[1]: found "shop", expected an origin such as https://shop.example.com, one with a single * in it, or "*"',
    ],
  ],
  [
    'an objective that leaves no error budget, a trace that is waited for too long',
    'slos: [{name: x, sli: latency, objective: 0.9999999999999}]\ncohorts: {inherit_from_trace: 2h}',
    [
      'cohortd.yaml:1:43: slos[0].objective: found 0.9999999999999, expected at most 0.999999999',
      'cohortd.yaml:2:31: cohorts.inherit_from_trace: found "2h", expected a duration of at most 1h',
    ],
  ],
  ['a list where a map belongs', '[1, 2]', ['cohortd.yaml:1:1: (root): found a list, expected a map of settings']],
  ['text where a map belongs', 'hello', ['cohortd.yaml:1:1: (root): found "hello", expected a map of settings']],
  ['a map where a list belongs', 'slis: {name: a}', ['cohortd.yaml:1:7: slis: found a map, expected a list']],
  [
    'text that YAML makes a number of is suggested in quotes',
    'experiments: [{id: 2024}]',
    ['cohortd.yaml:1:20: experiments[0].id: found 2024, expected text (did you mean "2024"?)'],
  ],
]

describe('problems of a configuration', () => {
  it.each(CASES)('%s', (_sentence, text, expected) => {
    expect(problemsOf(text)).toEqual(expected)
  })

  it('all stand in the order of the file, overrides after it', () => {
    const lines = problemsOf('ack: never\nevents: {keep: 0}\napi: {port: 1}\n', {
      overrides: ['telemetry.log_level=loud'],
    })
    expect(lines.map((line) => line.split(': ')[0])).toEqual([
      'cohortd.yaml:1:6',
      'cohortd.yaml:2:16',
      'cohortd.yaml:3:7',
      '--set telemetry.log_level',
    ])
  })

  it('an unusable SLI is blamed once, not again by the SLO that names it', () => {
    expect(problemsOf('slis: [{name: a, value: 5}]\nslos: [{name: x, sli: a, objective: 0.9}]')).toHaveLength(1)
    expect(problemsOf('slis: [{nmae: a}]\nslos: [{name: x, sli: a, objective: 0.9}]')).toHaveLength(2)
  })
})
