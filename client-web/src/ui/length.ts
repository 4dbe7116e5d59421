// How many characters a text has over the most that the server takes: as the server counts them, without the space around.
export const over = (text: string, most: number) => Math.max(0, [...text.trim()].length - most)
export const mostText = 4000 // characters of a message, or of a notice's body
