// What the server reports of a file that it took in.
export interface Refused { number: number; name: string; code: string; reason: string }
export interface Report { made: number; updated: number; unchanged: number; skipped: number; refused: Refused[]; refused_total: number }
