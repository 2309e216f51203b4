// To be loaded before the shop's frontend (--import), whose OpenFeature hooks need it.
import { provideLogsApi } from '../../../src/demo/logs-api.ts'

provideLogsApi()
