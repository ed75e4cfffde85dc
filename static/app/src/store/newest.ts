// Readings of the same thing that overlap: the server answers them in any order, and none may take the place of a newer one.

/** Begin a reading; what is returned tells, once it is answered, whether it is newer than all that was taken so far. */
export type Newest = () => () => boolean;

/** An act that no reading begun before it may undo, is `begin()()`: begun and taken in one. */
export function newestOnly(): Newest {
  let begun = 0;
  let taken = 0;
  return () => {
    const mine = ++begun;
    return () => {
      if (mine < taken) return false;
      taken = mine;
      return true;
    };
  };
}
