(** What means of equal parts say that moments of all steps at once do not: which step is where. *)

From mathcomp Require Import all_ssreflect all_algebra.
From LoRi Require Import Moments.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Parts.
Variables (R : realFieldType) (a b k : nat).
Implicit Types (X : trajectory R a b) (Y : 'I_k.+1 -> 'M[R]_(a, b)).

(** How much of each part each token fills: a part is filled by its tokens, and all parts by a token as the mean weighs it. *)
Definition fills X (s : 'I_k.+1 -> 'I_(tokens X) -> R) :=
  (forall j, \sum_t s j t = 1) /\ (forall t, k.+1%:R^-1 * (\sum_j s j t) = weight X t).

(** The mean of a part, and its deviation from the mean of all tokens, as the statistic has it. *)
Definition part_mean X (s : 'I_k.+1 -> 'I_(tokens X) -> R) j : 'M[R]_(a, b) := \sum_t s j t *: slice X t.
Definition part X (s : 'I_k.+1 -> 'I_(tokens X) -> R) j : 'M[R]_(a, b) := \sum_t s j t *: dev X t.

Lemma part_is_part_mean_less_mean X (s : 'I_k.+1 -> 'I_(tokens X) -> R) j :
  \sum_t s j t = 1 -> part s j = part_mean s j - mean X.
Proof.
move=> whole; rewrite /part /part_mean /dev.
under eq_bigr => t _ do rewrite scalerBr.
by rewrite sumrB -scaler_suml whole scale1r.
Qed.

Lemma mean_of_part_means_is_mean X (s : 'I_k.+1 -> 'I_(tokens X) -> R) :
  fills s -> \sum_j k.+1%:R^-1 *: part_mean s j = mean X.
Proof.
case=> _ columns; rewrite /part_mean /mean.
under eq_bigr => j _ do rewrite scaler_sumr.
rewrite exchange_big /=; apply: eq_bigr => t _; rewrite -columns mulr_sumr scaler_suml.
by apply: eq_bigr => j _; rewrite scalerA.
Qed.

(** With as many parts as the student has steps, each of them one part of its own, mean and parts agree exactly when every step is the
    mean of its own stretch of the teacher's tokens: order and place of the steps are fixed, which no moment of all steps at once does. *)
Theorem parts_agree_exactly_when_every_step_is_its_part X (s : 'I_k.+1 -> 'I_(tokens X) -> R) Y : fills s ->
  (mean X = mean (uniform Y) /\ forall j, part s j = dev (uniform Y) j) <-> forall j, Y j = part_mean s j.
Proof.
move=> filled; have [rows _] := filled; split=> [[means parts] j|steps].
  have := parts j; rewrite part_is_part_mean_less_mean // /dev means => /(congr1 (+%R^~ (mean (uniform Y)))).
  by rewrite !subrK.
have means : mean X = mean (uniform Y).
  rewrite -(mean_of_part_means_is_mean filled) /mean /=.
  by apply: eq_bigr => j _; rewrite steps.
by split=> // j; rewrite part_is_part_mean_less_mean // /dev /= steps means.
Qed.

End Parts.
