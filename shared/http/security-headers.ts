/**
 * What every answer says; a page says more of its own (see `pageHeaders`). An answer is never taken for another type
 * than it names, shown in a frame, or, where somebody opens it as a page, able to load anything.
 * @param hstsMaxAgeS for so long browsers come by HTTPS only; 0 says nothing
 */
export function securityHeaders(hstsMaxAgeS = 0): Readonly<Record<string, string>> {
  return {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    ...(hstsMaxAgeS > 0 && { 'strict-transport-security': `max-age=${hstsMaxAgeS}; includeSubDomains` }),
  }
}
