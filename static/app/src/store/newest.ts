// Readings of the same thing that overlap: the server answers them in any order, and only the newest counts.

/** Begin a reading (or an act that none before it may undo); what is returned tells whether its answer still counts. */
export type Newest = () => () => boolean;

export function newestOnly(): Newest {
  let turn = 0;
  return () => {
    const mine = ++turn;
    return () => mine === turn;
  };
}
