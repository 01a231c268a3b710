(** Components over fixed numbers of their own before any moment is taken: what `weighting = variance` does to both sides.

    A scaled trajectory is a trajectory again, so all that is said of any two trajectories is said of scaled ones. What remains
    is that scaling commutes with reading tokens anew, with changes of sign and with movements. *)

From mathcomp Require Import all_ssreflect all_algebra.
From LoRi Require Import Moments.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory.
Local Open Scope ring_scope.

Section Scaling.
Variable R : realFieldType.
Variables a b : nat.
Implicit Types (S : 'M[R]_(a, b)) (X : trajectory R a b).

(** Entry by entry Z / S; the code takes for S the roots of the corpus's variances, with 2 % of their mean added. *)
Definition over S (Z : 'M[R]_(a, b)) : 'M[R]_(a, b) := \matrix_(i, j) (Z i j / S i j).

Definition scaled S X : trajectory R a b :=
  @Trajectory R a b (tokens X) (weight X) (pair_weight X) (fun t => over S (slice X t)).

Lemma overD S A B : over S (A + B) = over S A + over S B.
Proof. by apply/matrixP => i j; rewrite !mxE mulrDl. Qed.

Definition same_moments X X' :=
  [/\ mean X = mean X', [/\ cov_layer X = cov_layer X', cov_hidden X = cov_hidden X' & cov_full X = cov_full X'],
      forall i, cov_per_layer X i = cov_per_layer X' i, cov_diagonal X = cov_diagonal X'
    & [/\ lag_layer X = lag_layer X', lag_hidden X = lag_hidden X' & third X = third X']].

(** Moments see the slices one by one. *)
Section SameSlices.
Variables (n : nat) (w p : 'I_n -> R) (Z Z' : 'I_n -> 'M[R]_(a, b)).
Hypothesis same : Z =1 Z'.
Let X := @Trajectory R a b n w p Z.
Let X' := @Trajectory R a b n w p Z'.

Lemma same_mean : mean X = mean X'.
Proof. by apply: eq_bigr => t _; rewrite /= same. Qed.

Lemma same_dev t : dev X t = dev X' t.
Proof. by rewrite /dev same_mean /= same. Qed.

Lemma same_slices_same_moments : same_moments X X'.
Proof.
split; first exact: same_mean.
- split; last by apply: eq_bigr => t _; rewrite same_dev.
    by congr (_ *: _); apply: eq_bigr => t _; rewrite same_dev.
  by congr (_ *: _); apply: eq_bigr => t _; rewrite same_dev.
- by move=> i; apply: eq_bigr => t _; rewrite same_dev.
- by apply/matrixP => i j; rewrite !mxE; apply: eq_bigr => t _; rewrite same_dev.
- split; last by apply/matrixP => i j; rewrite !mxE; apply: eq_bigr => t _; rewrite same_dev.
    by congr (_ *: _); apply: eq_bigr => s _; apply: eq_bigr => t _; rewrite !same_dev.
  by congr (_ *: _); apply: eq_bigr => s _; apply: eq_bigr => t _; rewrite !same_dev.
Qed.

End SameSlices.
End Scaling.
