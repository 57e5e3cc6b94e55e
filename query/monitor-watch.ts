import type { MongoClient } from 'mongodb'

export interface MonitorWatch {
  stop(): void
}

/**
 * Tells when the driver's own check of a server neither succeeds nor fails. Where a connection is closed in the moment
 * in which it is made (a proxy in front of a dead server does that), the driver waits for an answer for ever: it
 * checks no more, every operation fails, and the server's return goes unnoticed.
 * @param limitMs above the time in which a check must end, which is the driver's `connectTimeoutMS`
 * @param onStuck called once for each check that hangs
 */
export function watchMonitors(
  client: Pick<MongoClient, 'on' | 'off'>,
  { limitMs, onStuck }: { limitMs: number; onStuck: () => void },
): MonitorWatch {
  const running = new Map<string, ReturnType<typeof setTimeout>>()
  const ended = ({ connectionId }: { connectionId: string }) => {
    clearTimeout(running.get(connectionId))
    running.delete(connectionId)
  }
  const started = ({ connectionId, awaited }: { connectionId: string; awaited: boolean }) => {
    ended({ connectionId })
    // One that the server answers when something changes may take its time; that connection has proved itself.
    if (!awaited) running.set(connectionId, setTimeout(onStuck, limitMs))
  }
  client.on('serverHeartbeatStarted', started)
  client.on('serverHeartbeatSucceeded', ended)
  client.on('serverHeartbeatFailed', ended)
  return {
    stop() {
      client.off('serverHeartbeatStarted', started)
      client.off('serverHeartbeatSucceeded', ended)
      client.off('serverHeartbeatFailed', ended)
      for (const timer of running.values()) clearTimeout(timer)
    },
  }
}
