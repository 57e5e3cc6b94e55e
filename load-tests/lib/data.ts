import { sleep } from 'k6'
import http from 'k6/http'
import { acknowledged } from './acknowledged.ts'
import { json, type User } from './api.ts'
import { newPerson } from './people.ts'
import { commandUrl, queryUrl, usersWanted } from './settings.ts'

export interface Data {
  users: User[]
}

const AT_A_TIME = 50
const VISIBLE_TIMEOUT_S = 60

/**
 * The users that a run starts with, unless USERS says how many. They are visible on the read side when it begins, and
 * none of them is ever removed, so that each of them can be read and replaced at any time.
 */
export function makeUsers(count: number): Data {
  const users: User[] = []
  for (const size of sizes(usersWanted ?? count)) {
    const people = Array.from({ length: size }, newPerson)
    const answers = http.batch(
      people.map((person) => ({
        method: 'POST',
        url: `${commandUrl}/users`,
        body: JSON.stringify(person),
        params: json('setup'),
      })),
    )
    answers.forEach((answer, n) => {
      if (answer.status !== 201) throw new Error(`POST /users: ${answer.status} ${answer.body}`)
      const { id, version } = answer.json() as unknown as { id: string; version: number }
      acknowledged(id, version)
      users.push({ id, email: people[n]!.email })
    })
  }
  users.forEach(({ id }, n) => (n % AT_A_TIME === 0 || n === users.length - 1) && waitUntilVisible(id))
  return { users }
}

function waitUntilVisible(id: string): void {
  const params = { tags: { name: 'setup' }, responseCallback: http.expectedStatuses(200, 404) }
  for (const startedAtMs = Date.now(); ; sleep(0.05)) {
    if (http.get(`${queryUrl}/users/${id}`, params).status === 200) return
    if (Date.now() - startedAtMs > VISIBLE_TIMEOUT_S * 1_000)
      throw new Error(`user ${id} is not visible after ${VISIBLE_TIMEOUT_S} s`)
  }
}

function sizes(count: number): number[] {
  const full = Array.from({ length: Math.floor(count / AT_A_TIME) }, () => AT_A_TIME)
  return count % AT_A_TIME === 0 ? full : [...full, count % AT_A_TIME]
}
