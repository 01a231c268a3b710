(** What the controls rest on: targets of other rows, and of the mean over rows. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From LoRi Require Import Objective.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
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

Section CorpusMean.
Variables (R : realFieldType) (rows m n : nat).
Implicit Types (C S : 'M[R]_(m, n)) (T : 'I_rows.+1 -> 'M[R]_(m, n)).

(** The mean over the corpus's rows of a statistic. *)
Definition corpus_mean T : 'M[R]_(m, n) := \matrix_(i, j) (rows.+1%:R^-1 * \sum_k T k i j).

Lemma rows_neq0 : rows.+1%:R != 0 :> R.
Proof. by rewrite pnatr_eq0. Qed.

(** A number's squared errors to those of all rows are those to their mean, and their variance. *)
Lemma entry_over_rows (t : 'I_rows.+1 -> R) (s : R) : let mu : R := rows.+1%:R^-1 * (\sum_k t k) in
  rows.+1%:R^-1 * (\sum_k (t k - s) ^+ 2) = (mu - s) ^+ 2 + rows.+1%:R^-1 * (\sum_k (t k - mu) ^+ 2) :> R.
Proof.
move=> mu.
have total : \sum_k t k = rows.+1%:R * mu by rewrite /mu mulVKf ?rows_neq0.
have split_square k : (t k - s) ^+ 2 = (t k - mu) ^+ 2 + (2 * (mu - s) * t k + (s ^+ 2 - mu ^+ 2)).
  by ring.
rewrite (eq_bigr _ (fun k _ => split_square k)) big_split /= big_split /= -mulr_sumr total sumr_const card_ord -[(s ^+ 2 - mu ^+ 2) *+ _]mulr_natl.
set others := \sum_k (t k - mu) ^+ 2.
have -> : 2 * (mu - s) * (rows.+1%:R * mu) + rows.+1%:R * (s ^+ 2 - mu ^+ 2) = rows.+1%:R * (mu - s) ^+ 2 by ring.
by rewrite [others + _]addrC mulrDr mulKf ?rows_neq0.
Qed.

(** The mean over rows of the loss against each row's statistic is the loss against their mean, and what the rows vary by: a student that
    cannot tell rows apart is pulled to the mean alone, whichever row's target it is given. *)
Theorem loss_of_all_rows_is_loss_of_their_mean_and_their_variance C T S :
  rows.+1%:R^-1 * (\sum_k gap C (T k) S) =
  gap C (corpus_mean T) S + rows.+1%:R^-1 * (\sum_k gap C (T k) (corpus_mean T)) :> R.
Proof.
have inside (f : 'I_rows.+1 -> 'I_m -> 'I_n -> R) (c : R) :
    rows.+1%:R^-1 * (\sum_k c * (\sum_i \sum_j f k i j)) = c * (\sum_i \sum_j rows.+1%:R^-1 * (\sum_k f k i j)) :> R.
  rewrite -mulr_sumr mulrCA exchange_big /=; congr (_ * _); rewrite mulr_sumr; apply: eq_bigr => i _.
  by rewrite exchange_big /= mulr_sumr; apply: eq_bigr.
rewrite /gap !inside -mulrDr; congr (_ * _).
rewrite -big_split /=; apply: eq_bigr => i _; rewrite -big_split /=; apply: eq_bigr => j _.
rewrite mxE -!mulr_suml !mulrA -mulrDl; congr (_ / _).
exact: entry_over_rows.
Qed.
End CorpusMean.
