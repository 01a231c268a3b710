(** What the controls rest on: targets of other rows. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory.
Local Open Scope ring_scope.

Section Shuffling.
Variable n : nat.
Implicit Types (p : {perm 'I_n.+2}) (i : 'I_n.+2).

(** Along p, every row gets the one after it, and the last the first: sums in 'I_n.+2 wrap around. *)
Definition moved p i : 'I_n.+2 := p (p^-1%g i + 1).

(** Whatever p is, no two rows get the same row, and none gets its own: a control that shuffles targets compares no row
    with itself, by no chance. *)
Theorem derangement_leaves_nothing_in_its_place p : injective (moved p) /\ forall i, moved p i != i.
Proof.
split=> [i j|i]; first by move=> /perm_inj /addIr /perm_inj.
rewrite /moved -[X in _ != X](permKV p) (inj_eq perm_inj) -subr_eq0.
by rewrite [_ + 1]addrC addrK oner_neq0.
Qed.

End Shuffling.
