// The poster of a stair says where it hangs: the form then lists the doors of that stair alone, until somebody says that they live elsewhere.
interface Listed {
  buildings: { name: string; entrances: { name: string }[] }[]
}

// undefined: the address names no stair, or none that there is.
export const stairOf = <D extends Listed>(doors: D, at: { building?: unknown; entrance?: unknown }): D | undefined => {
  const building = doors.buildings.find((b) => b.name === at.building)
  const entrances = building?.entrances.filter((e) => e.name === (at.entrance ?? ''))
  if (!building || !entrances?.length) return undefined
  return { ...doors, buildings: [{ ...building, entrances }] }
}
