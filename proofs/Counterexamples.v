(** What the rationale terms do not promise: examples with small numbers, over any real field. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From LoRi Require Import Moments Objective.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Counterexamples.
Variable R : realFieldType.

(** Numbers that differ by a known positive share are not equal. *)
Lemma distinct (x y k : R) (n m : nat) : n.+1%:R * m.+1%:R = k * (x - y) -> x <> y.
Proof.
by move=> E xy; move/eqP: E; rewrite xy subrr mulr0 mulf_eq0 !pnatr_eq0.
Qed.

(** One component over time. *)
Definition line n (z : 'I_n -> R) : trajectory R 1 1 := uniform (fun t => (z t)%:M).

Lemma dev_line n (z : 'I_n -> R) t i j : mean (line z) = 0 -> dev (line z) t i j = z t.
Proof. by move=> centred; rewrite dev_centred // !ord1 mxE eqxx mulr1n. Qed.

Lemma line_centred n (z : 'I_n -> R) : \sum_t z t = 0 -> mean (line z) = 0.
Proof.
move=> z0; apply/matrixP => i j; rewrite mean_entry !ord1 (eq_bigr z) ?z0 ?mulr0 ?mxE // => t _.
by rewrite mxE eqxx mulr1n.
Qed.

Lemma lag_line n (z : 'I_n -> R) i j : \sum_t z t = 0 ->
  lag_layer (line z) i j = n.-1%:R^-1 * \sum_(s < n) \sum_(t < n | t == s.+1 :> nat) z s * z t.
Proof.
move=> z0; rewrite /lag_layer mxE invr1 mul1r summxE mulr_sumr; apply: eq_bigr => s _.
rewrite summxE mulr_sumr; apply: eq_bigr => t _.
by rewrite mxE mulmx_trE big_ord1 !dev_line ?line_centred.
Qed.

Lemma lag_line_hidden n (z : 'I_n -> R) i j : \sum_t z t = 0 ->
  lag_hidden (line z) i j = lag_layer (line z) i j.
Proof.
move=> z0; rewrite lag_line // /lag_hidden mxE invr1 mul1r summxE mulr_sumr; apply: eq_bigr => s _.
rewrite summxE mulr_sumr; apply: eq_bigr => t _.
by rewrite mxE tr_mulmxE big_ord1 !dev_line ?line_centred.
Qed.

(** Numbers in a row. *)
Definition steps n (zs : seq R) : 'I_n -> R := fun t => nth 0 zs t.

Ltac add_up := rewrite ?(big_ord_recl, big_ord0) /steps /=; ring.

Lemma lag_steps n (zs : seq R) : size zs = n ->
  \sum_(s < n) \sum_(t < n | t == s.+1 :> nat) steps zs s * steps zs t = \sum_(s < n) nth 0 zs s * nth 0 zs s.+1.
Proof.
move=> sz; apply: eq_bigr => s _; case: (ltnP s.+1 n) => [lt|ge].
  by rewrite (big_pred1 (Ordinal lt)) => [|t]; rewrite ?eqE.
rewrite [nth 0 zs s.+1]nth_default ?sz // mulr0 big_pred0 // => t.
by case: eqP => // E; move: (leq_trans (ltn_ord t) ge); rewrite E ltnn.
Qed.

Lemma lags_apart n m (zs ys : seq R) : size zs = n -> size ys = m ->
  \sum_t steps (n := n) zs t = 0 -> \sum_t steps (n := m) ys t = 0 ->
  n.-1%:R^-1 * (\sum_(s < n) nth 0 zs s * nth 0 zs s.+1) <> m.-1%:R^-1 * (\sum_(s < m) nth 0 ys s * nth 0 ys s.+1) ->
  0 < order_term (unweighted 1 1) Lag1 (line (steps (n := n) zs)) (line (steps (n := m) ys)).
Proof.
move=> szz szy z0 y0 apart; rewrite lt_neqAle.
have all_one p q : above_zero (const_mx 1 : 'M[R]_(p, q)) by move=> i j; rewrite mxE ltr01.
have pos : positive_divisors (unweighted 1 1 : divisors R 1 1) by do !split; move=> *; exact: all_one.
have [_ _ ->] := rationale_terms_are_non_negative NoCovariance Lag1 (line (steps (n := n) zs)) (line (steps (n := m) ys)) pos.
rewrite andbT eq_sym; apply/eqP => /(order_term_eq0 Lag1 _ _ pos) [/matrixP/(_ 0 0) same _].
by apply: apart; rewrite -!lag_steps // -!(lag_line 0 0).
Qed.

(** The lag-1 form does see the order of the steps, which is what it is for: -1, 0, 1 and -1, 1, 0 are told apart. Whoever asks
    whether the path matters, and not only where it goes, must choose it: no other term can tell. *)
Theorem lag_1_depends_on_the_order_of_tokens :
  exists (s : {perm 'I_3}) (Z Z' : 'I_3 -> 'M[R]_(1, 1)),
  (forall t, Z' t = Z (s t)) /\ 0 < order_term (unweighted 1 1) Lag1 (uniform Z) (uniform Z').
Proof.
exists (tperm (lift ord0 ord0) ord_max), (fun t => (steps [:: -1; 0; 1] t)%:M), (fun t => (steps [:: -1; 1; 0] t)%:M).
split; first by case=> [[|[|[|//]]]] lt; rewrite permE /=.
apply: lags_apart => //; first by add_up.
  by add_up.
by apply: (@distinct _ _ 2%:R 0 0); rewrite ?(big_ord_recl, big_ord0) /=; field.
Qed.

(** It is not a mean over tokens either: -1, 1 and -1, -1, 1, 1 are told apart. With the lag-1 form the teacher's pace matters,
    so a rationale told at half the speed pulls the student elsewhere. *)
Theorem lag_1_depends_on_repetition :
  exists Z : 'I_2 -> 'M[R]_(1, 1), exists Z' : 'I_(2 * 2) -> 'M[R]_(1, 1),
  (forall t, Z' t = repeated (k := 2) Z t) /\ 0 < order_term (unweighted 1 1) Lag1 (uniform Z) (uniform Z').
Proof.
exists (fun t => (steps [:: -1; 1] t)%:M), (fun t => (steps [:: -1; -1; 1; 1] t)%:M).
split; first by case=> [[|[|[|[|//]]]]] lt.
apply: lags_apart => //; first by add_up.
  by add_up.
by apply: (@distinct _ _ (- 3%:R) 0 3); rewrite ?(big_ord_recl, big_ord0) /=; field.
Qed.

(** Moments that agree do not make trajectories that agree. 2, 2, -3, -3, 2 and -4, -1, 3, 0, 2 have the same mean, full
    covariance (hence every form of it), lag-1 covariance and third moments: every rationale loss between them is zero, whatever
    its options, though no reordering turns one into the other. *)
Theorem matching_moments_does_not_mean_matching_trajectories :
  exists X Y : 'I_5 -> 'M[R]_(1, 1),
  (forall c cov ord (w_mean w_cov w_order : R), rationale c cov ord w_mean w_cov w_order (uniform X) (uniform Y) = 0) /\
  (forall s : {perm 'I_5}, exists t, X t <> Y (s t)).
Proof.
pose x : seq R := [:: 2%:R; 2%:R; - 3%:R; - 3%:R; 2%:R]; pose y : seq R := [:: - 4%:R; -1; 3%:R; 0; 2%:R].
exists (fun t => (steps x t)%:M), (fun t => (steps y t)%:M).
have x0 : \sum_t steps (n := 5) x t = 0 by add_up.
have y0 : \sum_t steps (n := 5) y t = 0 by add_up.
pose X := line (steps (n := 5) x); pose Y := line (steps (n := 5) y).
have [xc yc] := (line_centred x0, line_centred y0).
split=> [c cov ord w_mean w_cov w_order|s]; last first.
  exists (s^-1%g (inord 3)); rewrite /= permKV => E; move: (congr1 (fun A : 'M[R]_(1, 1) => A 0 0) E); rewrite !mxE !eqxx !mulr1n [RHS]/steps inordK //=.
  case: (s^-1%g _) => [[|[|[|[|[|//]]]]]] lt /eqP; rewrite /steps /= ?oppr_eq0 pnatr_eq0 //.
have powers k : (k = 2 \/ k = 3)%N ->
    \sum_(t < 5) weight X t * steps x t ^+ k = \sum_(t < 5) weight Y t * steps y t ^+ k.
  by case=> ->; rewrite ?(big_ord_recl, big_ord0) /steps /=; field.
have full : cov_full X = cov_full Y.
  apply/matrixP => i j; case/mxvec_indexP: i => i i'; case/mxvec_indexP: j => j j'.
  rewrite !cov_fullE; under eq_bigr do rewrite !dev_line // -expr2.
  by under [RHS]eq_bigr do rewrite !dev_line // -expr2; apply: powers; left.
have lag i j : lag_layer X i j = lag_layer Y i j.
  by rewrite !lag_line // !lag_steps // ?(big_ord_recl, big_ord0) /=; field.
have [[lx hx px dx] [ly hy py dy]] := (other_covariances_are_contractions_of_the_full_one X,
  other_covariances_are_contractions_of_the_full_one Y).
have third_same : third X = third Y.
  apply/matrixP => i j; rewrite !mxE; under eq_bigr do rewrite !dev_line //.
  by under [RHS]eq_bigr do rewrite !dev_line //; apply: powers; right.
have layer : cov_layer X = cov_layer Y by apply/matrixP => i j; rewrite lx ly full.
have hidden : cov_hidden X = cov_hidden Y by apply/matrixP => i j; rewrite hx hy full.
have per_layer i : cov_per_layer X i = cov_per_layer Y i by apply/matrixP => j k; rewrite px py full.
have diagonal : cov_diagonal X = cov_diagonal Y by apply/matrixP => i j; rewrite dx dy full.
have lag_l : lag_layer X = lag_layer Y by apply/matrixP.
have lag_h : lag_hidden X = lag_hidden Y by apply/matrixP => i j; rewrite !lag_line_hidden.
change (rationale c cov ord w_mean w_cov w_order X Y = 0); rewrite /rationale.
have -> : mean_term c X Y = 0 by rewrite /mean_term xc yc gap_self.
have -> : covariance_term c cov X Y = 0.
  case: cov; rewrite /= ?layer ?hidden ?full ?diagonal ?gap_self ?addr0 //.
  by rewrite big1 ?mulr0 // => i _; rewrite per_layer gap_self.
have -> : order_term c ord X Y = 0 by case: ord; rewrite /= ?lag_l ?lag_h ?third_same ?gap_self ?addr0.
by rewrite !mulr0 !addr0.
Qed.

End Counterexamples.

Section Rotations.
Variable R : realFieldType.

(** 2, -1, -1 times one slice: a trajectory with variance 2 and third moment 2 along it. *)
Definition pulse a b (A : 'M[R]_(a, b)) : trajectory R a b :=
  uniform (fun t : 'I_3 => nth 0 [:: 2%:R; -1; -1] t *: A).

(** One step. *)
Definition still a b (A : 'M[R]_(a, b)) : trajectory R a b := uniform (fun _ : 'I_1 => A).

Lemma mean_pulse a b (A : 'M[R]_(a, b)) : mean (pulse A) = 0.
Proof. by apply/matrixP => i j; rewrite mean_entry !big_ord_recl big_ord0 !mxE /=; field. Qed.

Lemma mean_still a b (A : 'M[R]_(a, b)) : mean (still A) = A.
Proof. by rewrite /mean big_ord1 /= invr1 scale1r. Qed.

Section Turned.
Variables l d a b : nat.
Variables (U : 'M[R]_(l, a)) (V : 'M[R]_(d, b)) (A : 'M[R]_(l, d)).

Lemma pulse_projected i j :
  cov_diagonal (project U V (pulse A)) i j = 2%:R * (U^T *m A *m V) i j ^+ 2 /\
  third (project U V (pulse A)) i j = 2%:R * (U^T *m A *m V) i j ^+ 3.
Proof.
have D t : dev (project U V (pulse A)) t i j = nth 0 [:: 2%:R; -1; -1] t * (U^T *m A *m V) i j.
  by rewrite dev_project dev_centred ?mean_pulse //= -scalemxAr -scalemxAl mxE.
rewrite [cov_diagonal _ _ _]mxE [third _ _ _]mxE; move: (_ i j) D => x D.
by split; under eq_bigr do rewrite D; rewrite !big_ord_recl big_ord0 /=; field.
Qed.

Lemma still_projected i j : cov_diagonal (project U V (still A)) i j = 0 /\ third (project U V (still A)) i j = 0.
Proof.
have D t : dev (project U V (still A)) t = 0 by rewrite dev_project /dev mean_still /= subrr mulmx0 mul0mx.
by rewrite !mxE !big_ord1 D mxE !expr0n /= !mulr0.
Qed.

Lemma projected_gaps :
  gap (const_mx 1) (cov_diagonal (project U V (pulse A))) (cov_diagonal (project U V (still A))) =
  (a * b)%:R^-1 * (\sum_i \sum_j (2%:R * (U^T *m A *m V) i j ^+ 2) ^+ 2) /\
  gap (const_mx 1) (third (project U V (pulse A))) (third (project U V (still A))) =
  (a * b)%:R^-1 * \sum_i \sum_j (2%:R * (U^T *m A *m V) i j ^+ 3) ^+ 2.
Proof.
split; congr (_ * _); apply: eq_bigr => i _; apply: eq_bigr => j _; rewrite [const_mx _ _ _]mxE divr1.
  by rewrite (pulse_projected i j).1 (still_projected i j).1 subr0.
by rewrite (pulse_projected i j).2 (still_projected i j).2 subr0.
Qed.

End Turned.

(** The rotation by cos = 3/5, sin = 4/5. *)
Definition turn : 'M[R]_2 := \matrix_(i, j)
  (if i == j then 3%:R / 5%:R else if i == 0 then - (4%:R / 5%:R) else 4%:R / 5%:R).

Lemma turn_orthonormal : orthonormal turn.
Proof.
apply/matrixP => i j; rewrite tr_mulmxE !big_ord_recl big_ord0 !mxE.
by case: i j => [[|[|//]] ?] [[|[|//]] ?]; rewrite /= ?mulr1n ?mulr0n; field.
Qed.

Let one : 'M[R]_1 := 1%:M.

Lemma one_orthonormal : orthonormal one. Proof. by rewrite /orthonormal trmx1 mul1mx. Qed.

Let e : 'M[R]_(2, 1) := delta_mx 0 0.

Lemma turned_layer i j : (turn^T *m e *m one) i j = turn 0 i.
Proof. by rewrite mulmx1 /e -colE !mxE. Qed.

Lemma untouched i j : ((1%:M : 'M[R]_2)^T *m e *m one) i j = (i == 0)%:R.
Proof. by rewrite mulmx1 trmx1 mul1mx !mxE ord1 andbT. Qed.

Lemma turned_hidden i j : (one^T *m e^T *m turn) i j = turn 0 j.
Proof. by rewrite trmx1 mul1mx /e trmx_delta ord1 -rowE mxE. Qed.

Lemma untouched_hidden i j : (one^T *m e^T *m (1%:M : 'M[R]_2)) i j = (j == 0)%:R.
Proof. by rewrite mulmx1 trmx1 mul1mx trmx_delta !mxE ord1. Qed.

(** The per-layer and the diagonal form do not survive rotations of the layer mode: they prefer the axes of the basis that
    the fit happened to find. *)
Theorem per_layer_and_diagonal_change_under_rotations_of_the_layer_mode :
  exists (P : 'M[R]_2) (X Y : trajectory R 2 1), orthonormal P /\
  forall form, form = PerLayer \/ form = Diagonal ->
  covariance_term (unweighted 2 1) form (project P 1%:M X) (project P 1%:M Y) <>
  covariance_term (unweighted 2 1) form (project 1%:M 1%:M X) (project 1%:M 1%:M Y).
Proof.
exists turn, (pulse e), (still e); split=> [|form]; first exact: turn_orthonormal.
have diagonal P : covariance_term (unweighted 2 1) PerLayer (project P one (pulse e)) (project P one (still e)) =
    covariance_term (unweighted 2 1) Diagonal (project P one (pulse e)) (project P one (still e)).
  have same Z i : cov_per_layer Z i 0 0 = cov_diagonal Z i 0 :> R by rewrite cov_per_layerE mxE; apply: eq_bigr => t _; rewrite expr2.
  rewrite /= {2}/gap muln1; congr (_ * _); apply: eq_bigr => i _.
  by rewrite /gap !big_ord1 !same ![const_mx _ _ _]mxE invr1 mul1r.
suff apart : covariance_term (unweighted 2 1) Diagonal (project turn one (pulse e)) (project turn one (still e)) <>
    covariance_term (unweighted 2 1) Diagonal (project 1%:M one (pulse e)) (project 1%:M one (still e)).
  by case=> ->; rewrite ?[covariance_term _ PerLayer _ _]diagonal.
rewrite /= !(projected_gaps _ _ _).1 !(big_ord_recl, big_ord0) !turned_layer !untouched !mxE /=.
by apply: (@distinct _ _ _ (- 625%:R) 23 23); rewrite ?mulr1n ?mulr0n; field.
Qed.

(** The diagonal form and the third moments do not survive rotations of the hidden mode either. What they compare depends on
    the singular vectors themselves, not on the subspace alone: where singular values agree, on an arbitrary choice. *)
Theorem diagonal_and_third_change_under_rotations_of_the_hidden_mode :
  exists (Q : 'M[R]_2) (X Y : trajectory R 1 2), [/\ orthonormal Q,
  covariance_term (unweighted 1 2) Diagonal (project 1%:M Q X) (project 1%:M Q Y) <>
  covariance_term (unweighted 1 2) Diagonal (project 1%:M 1%:M X) (project 1%:M 1%:M Y)
  & order_term (unweighted 1 2) Third (project 1%:M Q X) (project 1%:M Q Y) <>
  order_term (unweighted 1 2) Third (project 1%:M 1%:M X) (project 1%:M 1%:M Y)].
Proof.
exists turn, (pulse e^T), (still e^T); split; first exact: turn_orthonormal.
- rewrite /= !(projected_gaps _ _ _).1 !(big_ord_recl, big_ord0) !turned_hidden !untouched_hidden !mxE /=.
  by apply: (@distinct _ _ _ (- 625%:R) 23 23); rewrite ?mulr1n ?mulr0n; field.
- rewrite /= !(projected_gaps _ _ _).2 !(big_ord_recl, big_ord0) !turned_hidden !untouched_hidden !mxE /=.
  by apply: (@distinct _ _ _ (- 625%:R) 26 31); rewrite ?mulr1n ?mulr0n; field.
Qed.

(** Variances plus 2 % of their mean: what the weightings divide by. *)
Definition floored a b (v : 'M[R]_(a, b)) : 'M[R]_(a, b) :=
  \matrix_(i, j) (v i j + 50%:R^-1 * ((a * b)%:R^-1 * \sum_k \sum_m v k m)).

(** The weightings do not survive rotations. `variance` divides the components by the roots of their variances over the
    tokens Z of the corpus; `statistic` divides the mean's squared errors by their variances over the means Z of the corpus's
    examples: either way by the variances of a family of slices along the axes that the fit happened to find. *)
Theorem weightings_change_under_rotations :
  exists (P : 'M[R]_2) (Z X Y : trajectory R 2 1), orthonormal P /\
  gap (floored (cov_diagonal (project P 1%:M Z))) (mean (project P 1%:M X)) (mean (project P 1%:M Y)) <>
  gap (floored (cov_diagonal (project 1%:M 1%:M Z))) (mean (project 1%:M 1%:M X)) (mean (project 1%:M 1%:M Y)).
Proof.
exists turn, (pulse e), (pulse e), (still e); split; first exact: turn_orthonormal.
rewrite !mean_commutes_with_projection mean_pulse mean_still !mulmx0 !mul0mx.
have floors (P : 'M[R]_2) i : floored (cov_diagonal (project P one (pulse e))) i 0 =
    2%:R * (P^T *m e *m one) i 0 ^+ 2 + 50%:R^-1 * ((2 * 1)%:R^-1 * \sum_k 2%:R * (P^T *m e *m one) k 0 ^+ 2).
  have all : \sum_k \sum_m cov_diagonal (project P one (pulse e)) k m = \sum_k 2%:R * (P^T *m e *m one) k 0 ^+ 2.
    by apply: eq_bigr => k _; rewrite big_ord1 (pulse_projected _ _ _ k ord0).1.
  by rewrite [LHS]mxE (pulse_projected _ _ _ i 0).1 all.
have value (P : 'M[R]_2) (x y : R) :
    (P^T *m e *m one) 0 0 = x -> (P^T *m e *m one) (lift ord0 ord0) 0 = y ->
    let floor := 50%:R^-1 * (2%:R^-1 * (2%:R * x ^+ 2 + (2%:R * y ^+ 2 + 0))) in
    gap (floored (cov_diagonal (project P one (pulse e)))) 0 (P^T *m e *m one) =
    2%:R^-1 * (x ^+ 2 / (2%:R * x ^+ 2 + floor) + y ^+ 2 / (2%:R * y ^+ 2 + floor)).
  move=> X Y; rewrite /gap muln1 big_ord_recl !big_ord1 !floors !big_ord_recl big_ord0 X Y.
  by rewrite ![(0 : 'M[R]__) _ _]mxE !sub0r !sqrrN.
rewrite (value _ _ _ (turned_layer _ _) (turned_layer _ _)) (value _ _ _ (untouched _ _) (untouched _ _)) !mxE /=.
by apply: (@distinct _ _ _ (2405%:R * 101%:R) 127 458); rewrite ?mulr1n ?mulr0n; field.
Qed.

End Rotations.
