// WeChat's browser saves no files and prints nothing: those have to be done outside of it, by a link.
export const outside = () => /MicroMessenger/i.test(navigator.userAgent)

// Copies a text, also where the newer way is not allowed. Answers whether it worked.
export const copy = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const box = document.createElement('textarea')
    box.value = text
    box.className = 'vh'
    // Within an open dialog nothing outside of it can be selected.
    const at = document.activeElement?.closest('dialog') ?? document.body
    at.append(box)
    box.select()
    const done = document.execCommand('copy')
    box.remove()
    return done
  }
}
