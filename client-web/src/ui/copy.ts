// Puts a text where it can be pasted elsewhere; false when this browser lets no page do that. WeChat's, and pages without https, have
// only the old way.
export const copy = async (text: string) => {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const box = document.createElement('textarea')
    box.value = text
    box.className = 'vh'
    // Beside what has the focus: within an open dialog nothing outside of it can be selected.
    const place = document.activeElement?.closest('dialog') ?? document.body
    place.append(box)
    box.select()
    const done = document.execCommand('copy')
    box.remove()
    return done
  }
}
