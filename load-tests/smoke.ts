/** Does every operation of both services answer as it should, and quickly, with next to no load? */
import { removeUser, createUser, findUserByEmail, listUsers, readUser, replaceUser } from './lib/api.ts'
import { makeUsers, type Data } from './lib/data.ts'
import { constantRate, loadOptions } from './lib/shape.ts'
import { pickByZipf } from './lib/zipf.ts'

const budgets = {
  'http_req_duration{scenario:smoke}': ['p(95)<250', 'p(99)<1000'],
  'http_req_failed{scenario:smoke}': ['rate==0'],
  checks: ['rate==1'],
  dropped_iterations: ['count==0'],
}

export const options = loadOptions({
  scenarios: { smoke: constantRate({ rate: 5, durationS: 10 }) },
  budgets,
})

export const setup = () => makeUsers(50)

export default function everyOperation({ users }: Data): void {
  const known = pickByZipf(users)
  readUser(known.id)
  findUserByEmail(known.email)
  listUsers()
  const user = createUser()
  if (!user) return
  replaceUser(user)
  removeUser(user.id)
}

export { handleSummary } from './lib/summary.ts'
