import { nowMs } from '../clock.ts'
import type { Scene } from '../scene.ts'
import type { Fault } from './fault.ts'

export const F9: Fault = {
  id: 'F9',
  title: 'the network between the processes and the broker',
  expected: 'as with a dead broker: writes stay 2xx, all is drained after',
  variants: [
    { name: 'latency of 20 to 200 ms', runs: 2, seconds: 10, script: latency },
    { name: 'connections reset all the time', runs: 2, seconds: 12, script: resets },
    { name: 'cut in mid-confirm', runs: 2, seconds: 10, script: cutsInMidConfirm },
    { name: 'swallowed for a moment, then reset', runs: 2, seconds: 8, script: swallowed },
    { name: 'a black hole for 15 s', runs: 1, seconds: 24, script: blackHole },
  ],
}

async function latency(scene: Scene): Promise<void> {
  await scene.at(0.1)
  const proxies = scene.world.proxies('rabbitmq')
  scene.remedy('network', () => proxies.forEach((proxy) => (proxy.onData = undefined)))
  for (const proxy of proxies) proxy.onData = () => scene.pause(scene.random.between(20, 200)).catch(() => {})
  const slowMs = scene.mark('the network is slow')
  await scene.at(0.9)
  await scene.mend('network')
  scene.served('writes', slowMs)
}

async function resets(scene: Scene): Promise<void> {
  const { random, world } = scene
  const fromMs = nowMs()
  for (let part = 0.1; part < 0.8; part += random.between(0.02, 0.15)) {
    await scene.at(part)
    random.of(world.proxies('rabbitmq')).cut()
    scene.mark('cut')
  }
  scene.healedMs = nowMs()
  scene.served('writes', fromMs)
}

/** When the broker's next answer to the relay is about to pass: confirms of a window that went out already. */
async function cutsInMidConfirm(scene: Scene): Promise<void> {
  const { random, world } = scene
  const fromMs = nowMs()
  const proxies = world.proxies('rabbitmq', 'relay')
  for (let n = 0; n < 6; n++) {
    await scene.at(0.1 + n * 0.12 + random.between(0, 0.05))
    for (const proxy of proxies)
      proxy.onData = (chunk, direction) => {
        // A frame of a method on a channel: class 60, method 80 is an acknowledgement of the broker's.
        if (direction !== 'toClient' || chunk[0] !== 1 || chunk.readUInt32BE(7) !== (60 << 16) + 80)
          return undefined
        proxies.forEach((one) => (one.onData = undefined))
        proxy.cut()
        scene.mark('cut in mid-confirm')
        return new Promise(() => {})
      }
  }
  await scene.at(0.85)
  for (const proxy of proxies) proxy.onData = undefined
  scene.healedMs = nowMs()
  scene.served('writes', fromMs)
}

/** What the relay sends is lost on the way although its connection stands: only the missing confirms tell. */
async function swallowed(scene: Scene): Promise<void> {
  await scene.at(scene.random.between(0.15, 0.25))
  const proxies = scene.world.proxies('rabbitmq', 'relay')
  scene.remedy('network', () => {
    for (const proxy of proxies) proxy.cut()
    for (const proxy of proxies) proxy.unmute()
  })
  for (const proxy of proxies) proxy.mute('toServer')
  const struckMs = scene.mark('what the relay sends is swallowed')
  await scene.pause(scene.random.between(800, 1_500))
  await scene.mend('network')
  scene.served('writes', struckMs)
}

async function blackHole(scene: Scene): Promise<void> {
  await scene.at(0.1)
  const proxies = scene.world.proxies('rabbitmq')
  scene.remedy('network', () => {
    // What was swallowed is lost, and with it the streams.
    for (const proxy of proxies) proxy.cut()
    for (const proxy of proxies) proxy.unmute()
  })
  for (const proxy of proxies) proxy.mute('both')
  const struckMs = scene.mark('nothing passes')
  await scene.pause(15_000)
  await scene.mend('network')
  scene.served('writes', struckMs)
  scene.served('reads', struckMs)
  scene.red('relay', 'ready', struckMs, 11_000)
}
