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

(** Without the lag-1 form the loss does not see in which order the tokens stand, on either side: the moments describe where
    a trajectory goes, not when. *)
Theorem rationale_ignores_the_order_of_tokens n (s : {perm 'I_n}) (Z : 'I_n -> 'M[R]_(a, b)) Y : ord <> Lag1 ->
  loss (uniform (Z \o s)) Y = loss (uniform Z) Y /\ loss Y (uniform (Z \o s)) = loss Y (uniform Z).
Proof.
apply: (@rationale_reading _ _ _ _ _ 1) => // t.
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

(** Without the lag-1 form the loss does not change when every token is repeated the same number of times: a rationale twice as
    long, saying the same, pulls the student to the same place. *)
Theorem rationale_ignores_repetition m k (Z : 'I_m -> 'M[R]_(a, b)) Y : (0 < k)%N -> ord <> Lag1 ->
  loss (uniform (repeated (k := k) Z)) Y = loss (uniform Z) Y /\ loss Y (uniform (repeated (k := k) Z)) = loss Y (uniform Z).
Proof.
move=> k0; apply: (@rationale_reading _ _ _ _ _ k) => // t.
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

Section Bases.
Variable R : realFieldType.

(** An orthogonal matrix: orthonormal columns and as many as rows. *)
Lemma orthogonal_rows n (P : 'M[R]_n) : orthonormal P -> P *m P^T = 1%:M.
Proof. exact: mulmx1C. Qed.

Lemma sum_of_squares m n (A : 'M[R]_(m, n)) : \sum_i \sum_j A i j ^+ 2 = \tr (A *m A^T).
Proof. by apply: eq_bigr => i _; rewrite mulmx_trE; apply: eq_bigr => j _; rewrite expr2. Qed.

Lemma gap_unweighted m n (A B : 'M[R]_(m, n)) :
  gap (const_mx 1) A B = (m * n)%:R^-1 * \tr ((A - B) *m (A - B)^T).
Proof.
rewrite -sum_of_squares /gap; congr (_ * _); apply: eq_bigr => i _; apply: eq_bigr => j _.
by rewrite !mxE divr1.
Qed.

Lemma gap_turned m n (P : 'M[R]_m) (Q : 'M[R]_n) (A B : 'M[R]_(m, n)) : orthonormal P -> orthonormal Q ->
  gap (const_mx 1) (P^T *m A *m Q) (P^T *m B *m Q) = gap (const_mx 1) A B.
Proof.
move=> /orthogonal_rows Pr /orthogonal_rows Qr; rewrite !gap_unweighted -mulmxBl -mulmxBr; congr (_ * _).
move: (A - B) => D; rewrite !trmx_mul trmxK !mulmxA -(mulmxA _ Q) Qr mulmx1.
by rewrite mxtrace_mulC !mulmxA Pr mul1mx.
Qed.

Section Terms.
Variables a b : nat.
Implicit Types (P : 'M[R]_a) (Q : 'M[R]_b) (X Y : trajectory R a b).

Lemma kronecker_tr P Q : (kronecker P Q)^T = kronecker P^T Q^T.
Proof.
apply/matrixP => x y; case/mxvec_indexP: x => i j; case/mxvec_indexP: y => k m.
by rewrite mxE !kroneckerE !mxE.
Qed.

Lemma kronecker_orthonormal P Q : orthonormal P -> orthonormal Q -> orthonormal (kronecker P Q).
Proof.
move=> Po Qo; rewrite /orthonormal kronecker_tr; apply/row_matrixP => x; rewrite !rowE.
rewrite mulmxA mulmx1 -[delta_mx 0 x]vec_mxK -vec_projected -vec_projected !trmxK; congr mxvec.
by rewrite !mulmxA Po mul1mx -mulmxA Qo mulmx1.
Qed.

Lemma cov_layer_turned P Q X : orthonormal Q -> cov_layer (project P Q X) = P^T *m cov_layer X *m P.
Proof.
move=> /orthogonal_rows Qr; rewrite /cov_layer -scalemxAr -scalemxAl; congr (_ *: _).
rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => t _; rewrite -scalemxAr -scalemxAl dev_project; congr (_ *: _).
by rewrite !trmx_mul trmxK !mulmxA -(mulmxA _ Q) Qr mulmx1.
Qed.

Lemma cov_hidden_turned P Q X : orthonormal P -> cov_hidden (project P Q X) = Q^T *m cov_hidden X *m Q.
Proof.
move=> /orthogonal_rows Pr; rewrite /cov_hidden -scalemxAr -scalemxAl; congr (_ *: _).
rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => t _; rewrite -scalemxAr -scalemxAl dev_project; congr (_ *: _).
by rewrite !trmx_mul trmxK !mulmxA -(mulmxA _ P) Pr mulmx1.
Qed.

Lemma lag_layer_turned P Q X : orthonormal Q -> lag_layer (project P Q X) = P^T *m lag_layer X *m P.
Proof.
move=> /orthogonal_rows Qr; rewrite /lag_layer -scalemxAr -scalemxAl; congr (_ *: _).
rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => s _; rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => t _.
rewrite -scalemxAr -scalemxAl !dev_project; congr (_ *: _).
by rewrite !trmx_mul trmxK !mulmxA -(mulmxA _ Q) Qr mulmx1.
Qed.

Lemma lag_hidden_turned P Q X : orthonormal P -> lag_hidden (project P Q X) = Q^T *m lag_hidden X *m Q.
Proof.
move=> /orthogonal_rows Pr; rewrite /lag_hidden -scalemxAr -scalemxAl; congr (_ *: _).
rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => s _; rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => t _.
rewrite -scalemxAr -scalemxAl !dev_project; congr (_ *: _).
by rewrite !trmx_mul trmxK !mulmxA -(mulmxA _ P) Pr mulmx1.
Qed.

Definition survives_rotations cov := match cov with Modewise | Full | NoCovariance => true | _ => false end.

(** Singular vectors are known up to sign, and up to rotation where singular values agree. With `weighting = none` that
    freedom is harmless: mean, full, mode-wise and lag-1 terms do not change when either mode's basis is turned. *)
Theorem rationale_survives_rotations_of_both_modes P Q cov ord (w_mean w_cov w_order : R) X Y :
  orthonormal P -> orthonormal Q -> survives_rotations cov -> ord <> Third ->
  rationale (unweighted a b) cov ord w_mean w_cov w_order (project P Q X) (project P Q Y) =
  rationale (unweighted a b) cov ord w_mean w_cov w_order X Y.
Proof.
move=> Po Qo cov_ok ord_ok; congr (_ * _ + _ * _ + _ * _).
- by rewrite /mean_term /= !mean_commutes_with_projection gap_turned.
- case: cov cov_ok => //= _; first by rewrite !cov_layer_turned // !cov_hidden_turned // !gap_turned.
  by rewrite !full_covariance_commutes_with_projection gap_turned //; apply: kronecker_orthonormal.
- by case: ord ord_ok => //= _; rewrite !lag_layer_turned // !lag_hidden_turned // !gap_turned.
Qed.

(** The per-layer form compares the hidden mode layer by layer: it survives rotations of the hidden mode. *)
Theorem per_layer_survives_rotations_of_the_hidden_mode Q X Y : orthonormal Q ->
  covariance_term (unweighted a b) PerLayer (project 1%:M Q X) (project 1%:M Q Y) =
  covariance_term (unweighted a b) PerLayer X Y.
Proof.
move=> Qo; congr (_ * _); apply: eq_bigr => i _ /=.
have turned Z : cov_per_layer (project 1%:M Q Z) i = Q^T *m cov_per_layer Z i *m Q.
  rewrite /cov_per_layer mulmx_sumr mulmx_suml; apply: eq_bigr => t _.
  rewrite dev_project trmx1 mul1mx row_mul trmx_mul -scalemxAr -scalemxAl.
  by rewrite !mulmxA.
by rewrite !turned gap_turned.
Qed.

(** Changes of sign, one for each basis vector of either mode. *)
Definition flip (s : 'I_a -> bool) (r : 'I_b -> bool) : trajectory R a b -> trajectory R a b :=
  project (diag_mx (\row_i (-1) ^+ s i)) (diag_mx (\row_j (-1) ^+ r j)).

Lemma dev_flip s r X t i j : dev (flip s r X) t i j = (-1) ^+ (s i (+) r j) * dev X t i j.
Proof. by rewrite dev_project tr_diag_mx mul_mx_diag mxE mul_diag_mx !mxE signr_addb mulrAC. Qed.

Lemma gap_signs m n (e : 'I_m -> 'I_n -> bool) (C A B A' B' : 'M[R]_(m, n)) :
  (forall i j, A' i j = (-1) ^+ e i j * A i j) -> (forall i j, B' i j = (-1) ^+ e i j * B i j) ->
  gap C A' B' = gap C A B.
Proof.
move=> AA BB; congr (_ * _); apply: eq_bigr => i _; apply: eq_bigr => j _.
by rewrite AA BB -mulrBr exprMn sqrr_sign mul1r.
Qed.

End Terms.
End Bases.

Section SignChanges.
Variable R : realFieldType.
Variables a b : nat.
Variables (s : 'I_a -> bool) (r : 'I_b -> bool).
Implicit Type X : trajectory R a b.

Let P : 'M[R]_a := diag_mx (\row_i (-1) ^+ s i).
Let Q : 'M[R]_b := diag_mx (\row_j (-1) ^+ r j).

Lemma signs_orthonormal n (e : 'I_n -> bool) : orthonormal (diag_mx (\row_i (-1) ^+ e i) : 'M[R]_n).
Proof.
rewrite /orthonormal tr_diag_mx mulmx_diag -diag_const_mx; congr diag_mx.
by apply/matrixP => i j; rewrite !mxE -expr2 sqrr_sign.
Qed.

Lemma between_signs m n (e : 'I_m -> bool) (f : 'I_n -> bool) (A : 'M[R]_(m, n)) i j :
  ((diag_mx (\row_i (-1) ^+ e i))^T *m A *m diag_mx (\row_j (-1) ^+ f j)) i j = (-1) ^+ (e i (+) f j) * A i j.
Proof. by rewrite tr_diag_mx mul_mx_diag mxE mul_diag_mx !mxE signr_addb mulrAC. Qed.

Let sign_of (x : 'I_(a * b)) : bool := mxvec (\matrix_(i, j) (s i (+) r j)) 0 x.

Lemma cov_full_flip X x y : cov_full (flip s r X) x y = (-1) ^+ (sign_of x (+) sign_of y) * cov_full X x y.
Proof.
case/mxvec_indexP: x => i j; case/mxvec_indexP: y => k m.
rewrite /sign_of !mxvecE !mxE !cov_fullE mulr_sumr; apply: eq_bigr => t _.
by rewrite !dev_flip mulrACA -signr_addb [LHS]mulrCA.
Qed.

Lemma powers_flip X i j :
  cov_diagonal (flip s r X) i j = cov_diagonal X i j /\ third (flip s r X) i j = (-1) ^+ (s i (+) r j) * third X i j.
Proof.
rewrite !mxE mulr_sumr; split; apply: eq_bigr => t _; rewrite dev_flip exprMn ?sqrr_sign ?mul1r //.
by rewrite exprS sqrr_sign mulr1 mulrCA.
Qed.

Lemma cov_per_layer_flip X i j m :
  cov_per_layer (flip s r X) i j m = (-1) ^+ (r j (+) r m) * cov_per_layer X i j m.
Proof.
rewrite !cov_per_layerE mulr_sumr; apply: eq_bigr => t _; rewrite !dev_flip mulrACA -signr_addb.
have -> : (s i (+) r j) (+) (s i (+) r m) = r j (+) r m by case: (s i) (r j) (r m) => [] [] [].
by rewrite [LHS]mulrCA.
Qed.

(** Whatever the squared errors are divided by, no term notices a change of sign of basis vectors, which an eigensolver may
    choose as it likes. *)
Theorem rationale_survives_sign_changes c cov ord (w_mean w_cov w_order : R) X Y :
  rationale c cov ord w_mean w_cov w_order (flip s r X) (flip s r Y) = rationale c cov ord w_mean w_cov w_order X Y.
Proof.
have [Po Qo] := (signs_orthonormal s, signs_orthonormal r).
congr (_ * _ + _ * _ + _ * _).
- rewrite /mean_term !mean_commutes_with_projection.
  by apply: (gap_signs (e := fun i j => s i (+) r j)) => i j; rewrite between_signs.
- case: cov => //=.
  + rewrite !cov_layer_turned // !cov_hidden_turned //; congr (_ + _).
      by apply: (gap_signs (e := fun i j => s i (+) s j)) => i j; rewrite between_signs.
    by apply: (gap_signs (e := fun i j => r i (+) r j)) => i j; rewrite between_signs.
  + by apply: (gap_signs (e := fun x y => sign_of x (+) sign_of y)) => x y; rewrite cov_full_flip.
  + congr (_ * _); apply: eq_bigr => i _.
    by apply: (gap_signs (e := fun j m => r j (+) r m)) => j m; rewrite cov_per_layer_flip.
  + by apply: (gap_signs (e := fun _ _ => false)) => i j; rewrite (powers_flip _ _ _).1 mul1r.
- case: ord => //=.
  + rewrite !lag_layer_turned // !lag_hidden_turned //; congr (_ + _).
      by apply: (gap_signs (e := fun i j => s i (+) s j)) => i j; rewrite between_signs.
    by apply: (gap_signs (e := fun i j => r i (+) r j)) => i j; rewrite between_signs.
  + by apply: (gap_signs (e := fun i j => s i (+) r j)) => i j; rewrite (powers_flip _ _ _).2.
Qed.

End SignChanges.

Section TokenGrams.
Variable R : realFieldType.
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

(** The full covariance term needs no p x p matrix: token Grams (T x T, T x M and M x M) are enough, which is how the code
    computes it where the teacher has fewer tokens than p. *)
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

(** The lag-1 form does see the order of the steps, which is what it is for: -1, 0, 1 and -1, 1, 0 are told apart. *)
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

(** It is not a mean over tokens either: -1, 1 and -1, -1, 1, 1 are told apart. *)
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

(** The diagonal form and the third moments do not survive rotations of the hidden mode either. *)
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
rewrite !mean_commutes_with_projection mean_pulse mean_still !mulmx0 !mul0mx /gap.
have floors (P : 'M[R]_2) i : floored (cov_diagonal (project P one (pulse e))) i 0 =
    2%:R * (P^T *m e *m one) i 0 ^+ 2 + 50%:R^-1 * ((2 * 1)%:R^-1 * \sum_k 2%:R * (P^T *m e *m one) k 0 ^+ 2).
  have all : \sum_k \sum_m cov_diagonal (project P one (pulse e)) k m = \sum_k 2%:R * (P^T *m e *m one) k 0 ^+ 2.
    by apply: eq_bigr => k _; rewrite big_ord1 (pulse_projected _ _ _ k ord0).1.
  by rewrite [LHS]mxE (pulse_projected _ _ _ i 0).1 all.
rewrite !(big_ord_recl, big_ord0) !floors !(big_ord_recl, big_ord0) !turned_layer !untouched !mxE /=.
by apply: (@distinct _ _ _ (2405%:R * 101%:R) 127 458); rewrite ?mulr1n ?mulr0n; field.
Qed.

End Rotations.
