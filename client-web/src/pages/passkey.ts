// What the server asks of a passkey and what the browser answers, as JSON: bytes are letters (base64url) there.

const bytes = (text: string) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
const letters = (b: ArrayBuffer) =>
  btoa(String.fromCharCode(...new Uint8Array(b)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '')

interface Key {
  id: string
}
type Options = Record<string, unknown> & {
  challenge: string
  user?: Record<string, unknown> & Key
  excludeCredentials?: Key[]
  allowCredentials?: Key[]
}
const keys = (list: Key[] = []) => list.map((k) => ({ ...k, id: bytes(k.id) }))

// Does this browser have passkeys, here? Only by HTTPS, and on the machine itself.
export const able = () => isSecureContext && 'PublicKeyCredential' in window

// A new passkey of this device, or of one that is plugged in.
export const makePasskey = async (asked: unknown) => {
  const o = asked as Options
  const publicKey = {
    ...o,
    challenge: bytes(o.challenge),
    user: { ...o.user, id: bytes(o.user!.id) },
    excludeCredentials: keys(o.excludeCredentials),
  } as unknown as PublicKeyCredentialCreationOptions
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential
  const answer = made.response as AuthenticatorAttestationResponse
  return {
    id: made.id,
    rawId: letters(made.rawId),
    type: made.type,
    response: { clientDataJSON: letters(answer.clientDataJSON), attestationObject: letters(answer.attestationObject) },
  }
}

// Shows one that there is.
export const showPasskey = async (asked: unknown) => {
  const o = asked as Options
  const publicKey = {
    ...o,
    challenge: bytes(o.challenge),
    allowCredentials: keys(o.allowCredentials),
  } as unknown as PublicKeyCredentialRequestOptions
  const shown = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential
  const answer = shown.response as AuthenticatorAssertionResponse
  return {
    id: shown.id,
    rawId: letters(shown.rawId),
    type: shown.type,
    response: {
      clientDataJSON: letters(answer.clientDataJSON),
      authenticatorData: letters(answer.authenticatorData),
      signature: letters(answer.signature),
      userHandle: answer.userHandle?.byteLength ? letters(answer.userHandle) : undefined,
    },
  }
}

// Whoever closes the browser's own sheet has done nothing wrong.
export const givenUp = (e: unknown) => e instanceof DOMException && ['NotAllowedError', 'AbortError'].includes(e.name)
