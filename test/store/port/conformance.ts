// What every store must do, whatever it keeps its state in. How an adapter's test file runs it: see stand.ts.
import { afterEach, describe } from 'vitest'
import { describeCommits } from './commits.ts'
import { describeEvents } from './events.ts'
import { describeFollowing } from './following.ts'
import { describeJournal } from './journal.ts'
import { describeLifecycle, describeNames, describeRecords, describeRetention } from './keeping.ts'
import { describeLeadership } from './leadership.ts'
import { describeRandomOperations } from './random-operations.ts'
import { describeRequests } from './requests.ts'
import { describeSecrets } from './secrets.ts'
import { Stand, type StoreTraits } from './stand.ts'

export { Stand, type StoreRig, type StoreTraits } from './stand.ts'

export function describeStore(name: string, traits: StoreTraits): void {
  describe(name, () => {
    const stand = new Stand(traits)
    afterEach(() => stand.clear())

    describeCommits(stand)
    describeFollowing(stand)
    describeRequests(stand)
    describeJournal(stand)
    describeLeadership(stand)
    describeEvents(stand)
    describeRecords(stand)
    describeSecrets(stand)
    describeRetention(stand)
    describeNames(stand)
    describeLifecycle(stand)
    describeRandomOperations(stand)
  })
}
