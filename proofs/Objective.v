(** The rationale terms: means over entries of squared differences of the teacher's and the student's moments. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From LoRi Require Import Moments.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(** Second-order statistics that are compared, and those of the order of the steps or of the third order. *)
Inductive covariance := Modewise | Full | PerLayer | Diagonal | NoCovariance.
Inductive order := Lag1 | Third | NoOrder.

Section Definitions.
Variable R : realFieldType.

(** The mean over entries of (A - B)^2 / C. *)
Definition gap m n (C A B : 'M[R]_(m, n)) : R :=
  (m * n)%:R^-1 * \sum_i \sum_j (A i j - B i j) ^+ 2 / C i j.

(** What the squared errors of each statistic are divided by. *)
Record divisors (a b : nat) := Divisors {
  of_mean : 'M[R]_(a, b);
  of_layer : 'M[R]_a;
  of_hidden : 'M[R]_b;
  of_full : 'M[R]_(a * b);
  of_per_layer : 'I_a -> 'M[R]_b;
  of_diagonal : 'M[R]_(a, b);
  of_lag_layer : 'M[R]_a;
  of_lag_hidden : 'M[R]_b;
  of_third : 'M[R]_(a, b)
}.

Definition above_zero m n (C : 'M[R]_(m, n)) := forall i j, 0 < C i j.

Definition positive_divisors a b (c : divisors a b) :=
  [/\ above_zero (of_mean c), above_zero (of_layer c) /\ above_zero (of_hidden c), above_zero (of_full c),
      forall i, above_zero (of_per_layer c i)
    & [/\ above_zero (of_diagonal c), above_zero (of_lag_layer c), above_zero (of_lag_hidden c) & above_zero (of_third c)]].

(** weighting = none *)
Definition unweighted a b : divisors a b :=
  Divisors (const_mx 1) (const_mx 1) (const_mx 1) (const_mx 1) (fun _ => const_mx 1) (const_mx 1) (const_mx 1) (const_mx 1)
    (const_mx 1).

Section Terms.
Variables a b : nat.
Implicit Types (c : divisors a b) (X Y : trajectory R a b).

Definition mean_term c X Y := gap (of_mean c) (mean X) (mean Y).

Definition covariance_term c form X Y :=
  match form with
  | Modewise => gap (of_layer c) (cov_layer X) (cov_layer Y) + gap (of_hidden c) (cov_hidden X) (cov_hidden Y)
  | Full => gap (of_full c) (cov_full X) (cov_full Y)
  | PerLayer => a%:R^-1 * \sum_i gap (of_per_layer c i) (cov_per_layer X i) (cov_per_layer Y i)
  | Diagonal => gap (of_diagonal c) (cov_diagonal X) (cov_diagonal Y)
  | NoCovariance => 0
  end.

Definition order_term c form X Y :=
  match form with
  | Lag1 => gap (of_lag_layer c) (lag_layer X) (lag_layer Y) + gap (of_lag_hidden c) (lag_hidden X) (lag_hidden Y)
  | Third => gap (of_third c) (third X) (third Y)
  | NoOrder => 0
  end.

(** w_mean L_mean + w_cov L_cov + w_order L_order of the teacher's trajectory X and the student's Y. *)
Definition rationale c cov ord (w_mean w_cov w_order : R) X Y :=
  w_mean * mean_term c X Y + w_cov * covariance_term c cov X Y + w_order * order_term c ord X Y.

Definition same_covariance form X Y :=
  match form with
  | Modewise => cov_layer X = cov_layer Y /\ cov_hidden X = cov_hidden Y
  | Full => cov_full X = cov_full Y
  | PerLayer => forall i, cov_per_layer X i = cov_per_layer Y i
  | Diagonal => cov_diagonal X = cov_diagonal Y
  | NoCovariance => True
  end.

Definition same_order form X Y :=
  match form with
  | Lag1 => lag_layer X = lag_layer Y /\ lag_hidden X = lag_hidden Y
  | Third => third X = third Y
  | NoOrder => True
  end.

End Terms.
End Definitions.

Arguments unweighted {R} a b.

Section Signs.
Variable R : realFieldType.

Lemma gap_ge0 m n (C A B : 'M[R]_(m, n)) : above_zero C -> 0 <= gap C A B.
Proof.
move=> C0; rewrite mulr_ge0 ?invr_ge0 ?ler0n // sumr_ge0 // => i _; rewrite sumr_ge0 // => j _.
by rewrite mulr_ge0 ?sqr_ge0 // invr_ge0 ltW.
Qed.

Lemma gap_self m n (C A : 'M[R]_(m, n)) : gap C A A = 0.
Proof. by rewrite /gap big1 ?mulr0 // => i _; rewrite big1 // => j _; rewrite subrr expr0n mul0r. Qed.

Lemma gap_eq0 m n (C A B : 'M[R]_(m, n)) : above_zero C -> gap C A B = 0 <-> A = B.
Proof.
move=> C0; split=> [zero|->]; last exact: gap_self.
have term i j : 0 <= (A i j - B i j) ^+ 2 / C i j by rewrite mulr_ge0 ?sqr_ge0 // invr_ge0 ltW.
apply/matrixP => i j.
have some k (x : 'I_k) : (0 < k)%N := leq_ltn_trans (leq0n x) (ltn_ord x).
have mn : ((m * n)%:R : R) != 0 by rewrite pnatr_eq0 -lt0n muln_gt0 (some _ i) (some _ j).
move/eqP: zero; rewrite mulf_eq0 invr_eq0 (negPf mn) /= psumr_eq0; last by move=> k _; rewrite sumr_ge0.
move/allP/(_ i (mem_index_enum i)); rewrite /= psumr_eq0 //.
move/allP/(_ j (mem_index_enum j)); rewrite /= mulf_eq0 invr_eq0 (gt_eqF (C0 i j)) orbF sqrf_eq0 subr_eq0.
by move/eqP.
Qed.

Section Terms.
Variables a b : nat.
Implicit Types (c : divisors R a b) (X Y : trajectory R a b).

(** No term can fall below zero, whatever positive numbers squared errors are divided by: a loss of zero is the least there
    is. *)
Theorem rationale_terms_are_non_negative c cov ord X Y : positive_divisors c ->
  [/\ 0 <= mean_term c X Y, 0 <= covariance_term c cov X Y & 0 <= order_term c ord X Y].
Proof.
case=> cm [cl ch] cf cp [cd cll clh ct]; split; first exact: gap_ge0.
- case: cov; rewrite /= ?addr_ge0 ?gap_ge0 //.
  by rewrite mulr_ge0 ?invr_ge0 ?ler0n // sumr_ge0 // => i _; apply: gap_ge0.
- by case: ord; rewrite /= ?addr_ge0 ?gap_ge0.
Qed.

Lemma sum_of_gaps (x y : R) P Q : 0 <= x -> 0 <= y -> (x = 0 <-> P) -> (y = 0 <-> Q) -> x + y = 0 <-> P /\ Q.
Proof.
move=> x0 y0 [xP Px] [yQ Qy]; split=> [/eqP|[/Px -> /Qy ->]]; last by rewrite addr0.
by rewrite paddr_eq0 // => /andP[/eqP/xP p /eqP/yQ q].
Qed.

Lemma covariance_term_eq0 c cov X Y : positive_divisors c -> covariance_term c cov X Y = 0 <-> same_covariance cov X Y.
Proof.
case=> cm [cl ch] cf cp [cd cll clh ct]; case: cov => //=; try exact: gap_eq0.
  by apply: sum_of_gaps; try exact: gap_ge0; exact: gap_eq0.
split=> [/eqP zero i|same]; last by rewrite big1 ?mulr0 // => i _; apply/gap_eq0.
have a0 : (a%:R : R) != 0 by rewrite pnatr_eq0 -lt0n (leq_ltn_trans (leq0n i) (ltn_ord i)).
move: zero; rewrite mulf_eq0 invr_eq0 (negPf a0) /= psumr_eq0; last by move=> k _; exact: gap_ge0.
by move/allP/(_ i (mem_index_enum i))/eqP/(gap_eq0 _ _ (cp i)).
Qed.

Lemma order_term_eq0 c ord X Y : positive_divisors c -> order_term c ord X Y = 0 <-> same_order ord X Y.
Proof.
case=> cm [cl ch] cf cp [cd cll clh ct]; case: ord => //=; try exact: gap_eq0.
by apply: sum_of_gaps; try exact: gap_ge0; exact: gap_eq0.
Qed.

(** With positive weights the rationale loss is zero exactly when all the moments in use agree: it asks for no less than that,
    and for no more. *)
Theorem rationale_is_zero_exactly_when_moments_agree c cov ord (w_mean w_cov w_order : R) X Y :
  positive_divisors c -> 0 < w_mean -> 0 < w_cov -> 0 < w_order ->
  rationale c cov ord w_mean w_cov w_order X Y = 0 <->
  (mean X = mean Y /\ same_covariance cov X Y) /\ same_order ord X Y.
Proof.
move=> cpos wm wc wo; have [m0 c0 o0] := rationale_terms_are_non_negative cov ord X Y cpos.
have scaled (w x : R) P : 0 < w -> (x = 0 <-> P) -> (w * x = 0 <-> P).
  move=> w0 xP; apply: iff_trans xP; split=> [/eqP|->]; last by rewrite mulr0.
  by rewrite mulf_eq0 (gt_eqF w0) /= => /eqP.
have [cm _ _ _ _] := cpos.
have [[m1 c1] o1] := (mulr_ge0 (ltW wm) m0, mulr_ge0 (ltW wc) c0, mulr_ge0 (ltW wo) o0).
apply: sum_of_gaps => //; first by rewrite addr_ge0.
  apply: sum_of_gaps => //; apply: scaled => //; first exact: gap_eq0.
  exact: covariance_term_eq0.
by apply: scaled => //; exact: order_term_eq0.
Qed.

End Terms.
End Signs.
