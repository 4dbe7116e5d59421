import { useRouter } from 'vue-router'

// The arrow of a page goes back to the page of this app that one came from, so that the phone's own way back does not lead here again;
// who came from outside, or from signing in, goes to the page above. What lies over the page goes with it.
export const useBack = (above: string) => {
  const router = useRouter()
  return () => {
    const before = history.state?.back
    const from = typeof before === 'string' && router.resolve(before)
    return from && !from.meta.open && from.name !== 'pending'
      ? router.go(-1 - (history.state?.depth ?? 0))
      : router.replace(above)
  }
}
