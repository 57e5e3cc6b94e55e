import { F10, F11, F12 } from './broker.ts'
import { F19 } from './clocks.ts'
import { F20 } from './disks.ts'
import { F14, F15 } from './events.ts'
import type { Fault } from './fault.ts'
import { F9 } from './network.ts'
import { F16 } from './poison.ts'
import { F1, F13, F2, F21, F23, F3 } from './processes.ts'
import { F22 } from './rebuilds.ts'
import { F18, F4, F5, F6, F7, F8 } from './servers.ts'
import { F17 } from './weights.ts'

/** Every fault, by its number. */
export const faults: readonly Fault[] = [
  F1,
  F2,
  F3,
  F4,
  F5,
  F6,
  F7,
  F8,
  F9,
  F10,
  F11,
  F12,
  F13,
  F14,
  F15,
  F16,
  F17,
  F18,
  F19,
  F20,
  F21,
  F22,
  F23,
]
