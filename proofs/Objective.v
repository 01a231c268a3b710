(** The rationale terms: means over entries of squared differences of the teacher's and the student's moments.

    The trajectories are those that are compared: under `weighting = variance` both are scaled first (Scaling.v) and squared
    errors are divided by one; under `statistic` squared errors are divided by positive numbers, entry by entry.

    The file is longer than others because definitions, and what follows from them alone, stay together: one topic, read from
    top to bottom. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From LoRi Require Import Moments Scaling.

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

(** What the squared errors of each statistic are divided by: ones but for `weighting = statistic`. *)
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

(** weighting = none, and variance with scaled trajectories *)
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

(** No term can fall below zero, whatever positive numbers squared errors are divided by and whatever trajectories are
    compared, scaled ones included: a loss of zero is the least there is. *)
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
    and for no more. Under `weighting = variance` they are the moments of the scaled trajectories. *)
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

(** The loss sees trajectories through their moments only. *)
Lemma rationale_of_moments (R : realFieldType) a b (c : divisors R a b) cov ord (w_mean w_cov w_order : R) X X' Y Y' :
  same_moments X X' -> same_moments Y Y' ->
  rationale c cov ord w_mean w_cov w_order X Y = rationale c cov ord w_mean w_cov w_order X' Y'.
Proof.
move=> [xm [xl xh xf] xp xd [xll xlh xt]] [ym [yl yh yf] yp yd [yll ylh yt]].
rewrite /rationale /mean_term xm ym; congr (_ + _ * _ + _ * _); last by case: ord; rewrite /= ?xll ?xlh ?xt ?yll ?ylh ?yt.
case: cov; rewrite /= ?xl ?xh ?xf ?xd ?yl ?yh ?yf ?yd //.
by under eq_bigr do rewrite xp yp.
Qed.

Section Readings.
Variable R : realFieldType.
Variables a b : nat.

(** What a mean over tokens does not notice: reading the tokens anew, each of them `k` times. *)
Lemma average_of_a_reading (V : lmodType R) m n k (f : 'I_m -> 'I_n) (F : 'I_n -> V) :
  (0 < k)%N -> (forall t, #|[pred s | f s == t]| = k) ->
  \sum_s m%:R^-1 *: F (f s) = \sum_t n%:R^-1 *: F t.
Proof.
move=> k0 fibres.
have mE : m = (n * k)%N.
  rewrite -[LHS]card_ord -sum1_card (partition_big f xpredT) //=.
  rewrite (eq_bigr (fun _ => k)); first by rewrite sum_nat_const card_ord.
  by move=> t _; rewrite sum1_card fibres.
rewrite (partition_big f xpredT) //=; apply: eq_bigr => t _.
rewrite (eq_bigr (fun _ => m%:R^-1 *: F t)) => [|s /eqP -> //].
rewrite sumr_const fibres -scaler_nat scalerA mE natrM invfM mulrCA mulfV ?mulr1 //.
by rewrite pnatr_eq0 -lt0n.
Qed.

Variables (m n k : nat) (f : 'I_m -> 'I_n).
Hypotheses (k0 : (0 < k)%N) (fibres : forall t, #|[pred s | f s == t]| = k).
Variable Z : 'I_n -> 'M[R]_(a, b).
Let X := uniform Z.
Let X' := uniform (Z \o f).

Let average (V : lmodType R) (F : 'I_n -> V) := average_of_a_reading F k0 fibres.

Lemma mean_reading : mean X' = mean X.
Proof. exact: average. Qed.

Lemma dev_reading s : dev X' s = dev X (f s).
Proof. by rewrite /dev mean_reading. Qed.

Lemma moments_reading :
  [/\ cov_layer X' = cov_layer X /\ cov_hidden X' = cov_hidden X, cov_full X' = cov_full X,
      forall i, cov_per_layer X' i = cov_per_layer X i, cov_diagonal X' = cov_diagonal X & third X' = third X].
Proof.
split; last 1 first.
- apply/matrixP => i j; rewrite !mxE; under eq_bigr do rewrite dev_reading.
  exact: (average (V := [lmodType R of R^o])) (fun t => dev X t i j ^+ 3).
- split; congr (_ *: _); under eq_bigr do rewrite dev_reading.
    exact: average (fun t => dev X t *m (dev X t)^T).
  exact: average (fun t => (dev X t)^T *m dev X t).
- rewrite /cov_full; under eq_bigr do rewrite dev_reading.
  exact: average (fun t => (mxvec (dev X t))^T *m mxvec (dev X t)).
- move=> i; rewrite /cov_per_layer; under eq_bigr do rewrite dev_reading.
  exact: average (fun t => (row i (dev X t))^T *m row i (dev X t)).
- apply/matrixP => i j; rewrite !mxE; under eq_bigr do rewrite dev_reading.
  exact: (average (V := [lmodType R of R^o])) (fun t => dev X t i j ^+ 2).
Qed.

Lemma rationale_reading c cov ord (w_mean w_cov w_order : R) Y : ord <> Lag1 ->
  rationale c cov ord w_mean w_cov w_order X' Y = rationale c cov ord w_mean w_cov w_order X Y /\
  rationale c cov ord w_mean w_cov w_order Y X' = rationale c cov ord w_mean w_cov w_order Y X.
Proof.
move=> ordered; have [[cl ch] cf cp cd ct] := moments_reading.
have [cT oT] : (forall c, covariance_term c cov X' Y = covariance_term c cov X Y /\
                          covariance_term c cov Y X' = covariance_term c cov Y X) /\
               (order_term c ord X' Y = order_term c ord X Y /\ order_term c ord Y X' = order_term c ord Y X).
  split; first by move=> c'; case: cov; rewrite /= ?cl ?ch ?cf ?cd //; split; under eq_bigr do rewrite cp.
  by case: ord ordered; rewrite //= ct.
by rewrite /rationale /mean_term mean_reading !(cT c).1 !(cT c).2 oT.1 oT.2.
Qed.

End Readings.

Section Order.
Variable R : realFieldType.
Variables a b : nat.
Variables (c : divisors R a b) (cov : covariance) (ord : order) (w_mean w_cov w_order : R).
Let loss := rationale c cov ord w_mean w_cov w_order.

(** The loss cannot tell two trajectories apart, whichever side they stand on, as they are or with scaled components. *)
Definition alike (X X' : trajectory R a b) :=
  (forall Y, loss X Y = loss X' Y /\ loss Y X = loss Y X') /\
  forall S Y, loss (scaled S X) (scaled S Y) = loss (scaled S X') (scaled S Y) /\
              loss (scaled S Y) (scaled S X) = loss (scaled S Y) (scaled S X').

(** Reading tokens anew commutes with scaling them. *)
Lemma alike_reading m n k (f : 'I_m -> 'I_n) (Z : 'I_n -> 'M[R]_(a, b)) : (0 < k)%N ->
  (forall t, #|[pred s | f s == t]| = k) -> ord <> Lag1 -> alike (uniform (Z \o f)) (uniform Z).
Proof.
move=> k0 fibres ordered; split=> [Y|S Y]; first exact: rationale_reading fibres _ _ _ _ _ _ _ _ ordered.
exact: (rationale_reading k0 fibres (fun t => over S (Z t)) c cov w_mean w_cov w_order (scaled S Y) ordered).
Qed.

(** Without the lag-1 form the loss does not see in which order the tokens stand, on either side and under every weighting:
    the moments describe where a trajectory goes, not when. *)
Theorem rationale_ignores_the_order_of_tokens n (s : {perm 'I_n}) (Z : 'I_n -> 'M[R]_(a, b)) : ord <> Lag1 ->
  alike (uniform (Z \o s)) (uniform Z).
Proof.
apply: (@alike_reading _ _ 1) => // t.
by apply: (@eq_card1 _ ((s^-1)%g t)) => x; rewrite !inE -(inj_eq (@perm_inj _ s)) permKV.
Qed.

Lemma repeated_token m k (t : 'I_(m * k)) : (t %/ k < m)%N.
Proof.
have k0 : (0 < k)%N by case: k t => // -[t]; rewrite muln0.
by rewrite ltn_divLR.
Qed.

(** Every token `k` times in a row. *)
Definition repeated m k (Z : 'I_m -> 'M[R]_(a, b)) : 'I_(m * k) -> 'M[R]_(a, b) :=
  Z \o (fun t => Ordinal (repeated_token t)).

(** Without the lag-1 form the loss does not change when every token is repeated the same number of times, under every
    weighting: a rationale twice as long, saying the same, pulls the student to the same place. *)
Theorem rationale_ignores_repetition m k (Z : 'I_m -> 'M[R]_(a, b)) : (0 < k)%N -> ord <> Lag1 ->
  alike (uniform (repeated (k := k) Z)) (uniform Z).
Proof.
move=> k0; apply: (@alike_reading _ _ k) => // t.
have place (r : 'I_k) : (t * k + r < m * k)%N.
  apply: (@leq_trans (t.+1 * k)); first by rewrite mulSnr ltn_add2l.
  by rewrite leq_mul2r ltn_ord orbT.
have inj : injective (fun r => Ordinal (place r)) by move=> r q [] /addnI; apply: val_inj.
rewrite -[RHS]card_ord -(card_codom inj); apply: eq_card => s; rewrite inE.
apply/eqP/codomP => [E|[r ->]].
  by exists (Ordinal (ltn_pmod s k0)); apply: val_inj; rewrite /= -E -divn_eq.
by apply: val_inj; rewrite /= divnMDl // divn_small ?addn0.
Qed.

End Order.

Section TokenGrams.
Variable R : realFieldType.

Lemma sum_of_squares m n (A : 'M[R]_(m, n)) : \sum_i \sum_j A i j ^+ 2 = \tr (A *m A^T).
Proof. by apply: eq_bigr => i _; rewrite mulmx_trE; apply: eq_bigr => j _; rewrite expr2. Qed.

Lemma gap_unweighted m n (A B : 'M[R]_(m, n)) :
  gap (const_mx 1) A B = (m * n)%:R^-1 * \tr ((A - B) *m (A - B)^T).
Proof.
rewrite -sum_of_squares /gap; congr (_ * _); apply: eq_bigr => i _; apply: eq_bigr => j _.
by rewrite !mxE divr1.
Qed.

Variables a b : nat.
Implicit Types X Y : trajectory R a b.

(** sum over s, t of w_s w_t (D_s . D_t)^2 *)
Definition covariance_product X Y : R :=
  \sum_s \sum_t weight X s * weight Y t * ((mxvec (dev X s) *m (mxvec (dev Y t))^T) 0 0) ^+ 2.

Lemma covariance_productE X Y : \tr (cov_full X *m (cov_full Y)^T) = covariance_product X Y.
Proof.
rewrite /cov_full mulmx_suml linear_sum; apply: eq_bigr => s _ /=.
rewrite linear_sum mulmx_sumr linear_sum; apply: eq_bigr => t _ /=.
rewrite linearZ -scalemxAl -scalemxAr scalerA linearZ /=; congr (_ * _).
set u := mxvec _; set v := mxvec _; rewrite trmx_mul trmxK -mulmxA mxtrace_mulC !mulmxA -(mulmxA (u *m v^T)).
set x := (u *m v^T) 0 0; have ux : u *m v^T = x%:M by rewrite [LHS]mx11_scalar.
have -> : v *m u^T = x%:M by rewrite -[v]trmxK -trmx_mul ux tr_scalar_mx.
by rewrite ux -scalar_mxM mxtrace_scalar mulr1n expr2.
Qed.

(** The full covariance term needs no p x p matrix: token Grams (T x T, T x M and M x M) are enough. The code goes this way
    only where the full form is chosen, squared errors are not divided entry by entry (`weighting` is `none` or `variance`;
    the default `statistic` needs the matrices) and the teacher's batch is at most p tokens long. *)
Theorem full_covariance_term_through_token_grams X Y :
  covariance_term (unweighted a b) Full X Y =
  (a * b * (a * b))%:R^-1 * (covariance_product X X + covariance_product Y Y - 2%:R * covariance_product X Y).
Proof.
rewrite /= gap_unweighted; congr (_ * _); rewrite -!covariance_productE linearB /= mulmxBl !mulmxBr !linearB /=.
have -> : \tr (cov_full Y *m (cov_full X)^T) = \tr (cov_full X *m (cov_full Y)^T).
  by rewrite -mxtrace_tr trmx_mul trmxK.
ring.
Qed.

End TokenGrams.
