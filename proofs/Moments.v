(* Moments of a trajectory over its tokens: what the rationale terms compare.

   A trajectory is a family of slices, one matrix of r_L x r_d numbers per token, with the weight of each token in a mean over
   tokens and the weight of each pair of successive tokens. The code gives all tokens of an example the weight 1/T and padding
   the weight 0; most theorems hold for any weights.

   The file is longer than others because the definitions, what follows for them and the two examples beside it are one topic:
   what moments can and cannot say, with the rank bound and the case where the mode-wise form gets around it. *)

From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.

Set Implicit Arguments.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.
Variable R : realFieldType.

Record trajectory (a b : nat) := Trajectory {
  tokens : nat;
  weight : 'I_tokens -> R;
  (* the weight of the pair of a token and the next one *)
  pair_weight : 'I_tokens -> R;
  slice : 'I_tokens -> 'M[R]_(a, b)
}.

(** Equal weights over all tokens and over all pairs of successive tokens. *)
Definition uniform a b n (Z : 'I_n -> 'M[R]_(a, b)) : trajectory a b :=
  Trajectory (fun _ => n%:R^-1) (fun _ => n.-1%:R^-1) Z.

Definition normalised a b (X : trajectory a b) := \sum_t weight X t = 1.

(** Zbar = sum over t of w_t Z_t,  D_t = Z_t - Zbar *)
Definition mean a b (X : trajectory a b) : 'M[R]_(a, b) := \sum_t weight X t *: slice X t.
Definition dev a b (X : trajectory a b) t : 'M[R]_(a, b) := slice X t - mean X.

(** Sigma = mean of vec D_t (vec D_t)', p x p for p = r_L r_d *)
Definition cov_full a b (X : trajectory a b) : 'M[R]_(a * b) :=
  \sum_t weight X t *: ((mxvec (dev X t))^T *m mxvec (dev X t)).

(** Sigma_layer = mean of D_t D_t' / r_d,  Sigma_hidden = mean of D_t' D_t / r_L *)
Definition cov_layer a b (X : trajectory a b) : 'M[R]_a :=
  b%:R^-1 *: \sum_t weight X t *: (dev X t *m (dev X t)^T).
Definition cov_hidden a b (X : trajectory a b) : 'M[R]_b :=
  a%:R^-1 *: \sum_t weight X t *: ((dev X t)^T *m dev X t).

(** Sigma_i = mean of D_t[i]' D_t[i] for every reduced layer i *)
Definition cov_per_layer a b (X : trajectory a b) (i : 'I_a) : 'M[R]_b :=
  \sum_t weight X t *: ((row i (dev X t))^T *m row i (dev X t)).

(** Component-wise second and third central moments. *)
Definition cov_diagonal a b (X : trajectory a b) : 'M[R]_(a, b) :=
  \matrix_(i, j) \sum_t weight X t * dev X t i j ^+ 2.
Definition third a b (X : trajectory a b) : 'M[R]_(a, b) :=
  \matrix_(i, j) \sum_t weight X t * dev X t i j ^+ 3.

(** Mode-wise covariance of successive steps: D_s D_(s+1)' / r_d and D_s' D_(s+1) / r_L; empty sums for a single step. *)
Definition lag_layer a b (X : trajectory a b) : 'M[R]_a :=
  b%:R^-1 *: \sum_(s < tokens X) \sum_(t < tokens X | t == s.+1 :> nat) pair_weight X s *: (dev X s *m (dev X t)^T).
Definition lag_hidden a b (X : trajectory a b) : 'M[R]_b :=
  a%:R^-1 *: \sum_(s < tokens X) \sum_(t < tokens X | t == s.+1 :> nat) pair_weight X s *: ((dev X s)^T *m dev X t).

(** Every slice in other coordinates: U' Z_t V. With orthonormal columns this is the projection into the subspace, with
   orthogonal matrices a change of basis inside it. *)
Definition project l d a b (U : 'M[R]_(l, a)) (V : 'M[R]_(d, b)) (X : trajectory l d) : trajectory a b :=
  Trajectory (weight X) (pair_weight X) (fun t => U^T *m slice X t *m V).

Definition orthonormal m n (U : 'M[R]_(m, n)) := U^T *m U = 1%:M.

(** The Kronecker product of U and V, as the matrix of A |-> U' A V on rows vec A. *)
Definition kronecker l d a b (U : 'M[R]_(l, a)) (V : 'M[R]_(d, b)) : 'M[R]_(l * d, a * b) :=
  lin_mx (mulmxr V \o mulmx U^T).

End Definitions.

Arguments kronecker {R l d a b} U V.
Arguments orthonormal {R m n} U.
Arguments uniform {R a b n} Z.

Section Projection.
Variable R : realFieldType.
Variables l d a b : nat.
Implicit Types (X : trajectory R l d) (U : 'M[R]_(l, a)) (V : 'M[R]_(d, b)).

Lemma kroneckerE U V i j k m :
  kronecker U V (mxvec_index i j) (mxvec_index k m) = U i k * V j m.
Proof.
rewrite /kronecker /lin_mx /lin1_mx !mxE /=.
have -> : vec_mx (delta_mx 0 (mxvec_index i j)) = delta_mx i j :> 'M[R]_(l, d) by rewrite -mxvec_delta mxvecK.
have E y : (U^T *m delta_mx i j) k y = U i k * (y == j)%:R.
  rewrite mxE (bigD1 i) //= !mxE eqxx /= big1 ?addr0 // => x /negPf ni.
  by rewrite !mxE ni mulr0.
rewrite mxvecE mxE (bigD1 j) //= E eqxx mulr1 big1 ?addr0 // => y /negPf nj.
by rewrite E nj mulr0 mul0r.
Qed.

Lemma vec_projected U V (A : 'M[R]_(l, d)) : mxvec (U^T *m A *m V) = mxvec A *m kronecker U V.
Proof. by rewrite mul_vec_lin. Qed.

(** The mean of projected slices is the projected mean, so comparing means inside the subspace compares what the subspace
   keeps of the means outside it. No property of U and V is needed. *)
Theorem mean_commutes_with_projection U V X : mean (project U V X) = U^T *m mean X *m V.
Proof.
rewrite /mean mulmx_sumr mulmx_suml; apply: eq_bigr => t _.
by rewrite /= -scalemxAr -scalemxAl.
Qed.

Lemma dev_project U V X t : dev (project U V X) t = U^T *m dev X t *m V.
Proof. by rewrite /dev mean_commutes_with_projection /= mulmxBr mulmxBl. Qed.

(** The full covariance of projected slices is the projected full covariance: K' Sigma K with K the Kronecker product of the
   two bases. Matching it inside the subspace matches what the subspace keeps of it, and nothing else. *)
Theorem full_covariance_commutes_with_projection U V X :
  cov_full (project U V X) = (kronecker U V)^T *m cov_full X *m kronecker U V.
Proof.
rewrite /cov_full mulmx_sumr mulmx_suml; apply: eq_bigr => t _.
rewrite dev_project vec_projected trmx_mul -scalemxAr -scalemxAl.
by rewrite !mulmxA.
Qed.

End Projection.

Section Contractions.
Variable R : realFieldType.
Variables a b : nat.
Implicit Type X : trajectory R a b.

Lemma mulmx_trE m n q (A : 'M[R]_(m, q)) (B : 'M[R]_(n, q)) i k : (A *m B^T) i k = \sum_j A i j * B k j.
Proof. by rewrite mxE; apply: eq_bigr => j _; rewrite [B^T _ _]mxE. Qed.

Lemma tr_mulmxE m n q (A : 'M[R]_(q, m)) (B : 'M[R]_(q, n)) j k : (A^T *m B) j k = \sum_i A i j * B i k.
Proof. by rewrite mxE; apply: eq_bigr => i _; rewrite [A^T _ _]mxE. Qed.

Lemma cov_fullE X i j k m :
  cov_full X (mxvec_index i j) (mxvec_index k m) = \sum_t weight X t * (dev X t i j * dev X t k m).
Proof.
rewrite /cov_full summxE; apply: eq_bigr => t _.
by rewrite mxE tr_mulmxE big_ord1 !mxvecE.
Qed.

Lemma cov_layerE X i k :
  cov_layer X i k = b%:R^-1 * \sum_t weight X t * \sum_j dev X t i j * dev X t k j.
Proof.
rewrite /cov_layer mxE summxE; congr (_ * _); apply: eq_bigr => t _.
by rewrite mxE mulmx_trE.
Qed.

Lemma cov_hiddenE X j m :
  cov_hidden X j m = a%:R^-1 * \sum_t weight X t * \sum_i dev X t i j * dev X t i m.
Proof.
rewrite /cov_hidden mxE summxE; congr (_ * _); apply: eq_bigr => t _.
by rewrite mxE tr_mulmxE.
Qed.

Lemma cov_per_layerE X i j m : cov_per_layer X i j m = \sum_t weight X t * (dev X t i j * dev X t i m).
Proof.
rewrite /cov_per_layer summxE; apply: eq_bigr => t _.
by rewrite mxE tr_mulmxE big_ord1 ![row _ _ _ _]mxE.
Qed.

(** The other second-order statistics are read off the full covariance: the mode-wise ones are its partial traces, the
   per-layer ones its diagonal blocks, the variances its diagonal. With the theorem above: the mode-wise covariances of a
   projection are contractions of the projected full covariance. *)
Theorem other_covariances_are_contractions_of_the_full_one X :
  [/\ forall i k, cov_layer X i k = b%:R^-1 * \sum_j cov_full X (mxvec_index i j) (mxvec_index k j),
      forall j m, cov_hidden X j m = a%:R^-1 * \sum_i cov_full X (mxvec_index i j) (mxvec_index i m),
      forall i j m, cov_per_layer X i j m = cov_full X (mxvec_index i j) (mxvec_index i m)
    & forall i j, cov_diagonal X i j = cov_full X (mxvec_index i j) (mxvec_index i j)].
Proof.
split.
- move=> i k; rewrite cov_layerE; congr (_ * _).
  under eq_bigr do rewrite mulr_sumr.
  by rewrite exchange_big; apply: eq_bigr => j _; rewrite cov_fullE.
- move=> j m; rewrite cov_hiddenE; congr (_ * _).
  under eq_bigr do rewrite mulr_sumr.
  by rewrite exchange_big; apply: eq_bigr => i _; rewrite cov_fullE.
- by move=> i j m; rewrite cov_per_layerE cov_fullE.
- by move=> i j; rewrite mxE cov_fullE; apply: eq_bigr => t _; rewrite expr2.
Qed.

(** Every covariance is symmetric, the teacher's and the student's, and so is what one lacks of the other: an entry off the
    diagonal and its mirror image are one number, which a term counts twice. Without weighting G + G' in a gradient is 2 G. *)
Theorem covariances_are_symmetric X :
  [/\ (cov_full X)^T = cov_full X, (cov_layer X)^T = cov_layer X, (cov_hidden X)^T = cov_hidden X
    & forall i, (cov_per_layer X i)^T = cov_per_layer X i].
Proof.
have sums n (F : 'I_(tokens X) -> 'M[R]_n) :
    (forall t, (F t)^T = F t) -> (\sum_t weight X t *: F t)^T = \sum_t weight X t *: F t.
  by move=> sym; rewrite linear_sum /=; apply: eq_bigr => t _; rewrite linearZ /= sym.
by split=> [|||i]; rewrite /cov_layer /cov_hidden ?linearZ /= sums // => t; rewrite trmx_mul trmxK.
Qed.

Definition semidefinite n (A : 'M[R]_n) := forall x : 'rV[R]_n, 0 <= (x *m A *m x^T) 0 0.

Lemma square_is_semidefinite m n (A : 'M[R]_(m, n)) : semidefinite (A^T *m A).
Proof.
move=> x; have -> : x *m (A^T *m A) *m x^T = (x *m A^T) *m (x *m A^T)^T.
  by rewrite trmx_mul trmxK !mulmxA.
by rewrite mxE sumr_ge0 // => j _; rewrite [X in _ * X]mxE -expr2 sqr_ge0.
Qed.

Lemma scaled_is_semidefinite n (A : 'M[R]_n) c : 0 <= c -> semidefinite A -> semidefinite (c *: A).
Proof. by move=> c0 sA x; rewrite -scalemxAr -scalemxAl mxE mulr_ge0. Qed.

Lemma sum_is_semidefinite n T (F : 'I_T -> 'M[R]_n) : (forall t, semidefinite (F t)) -> semidefinite (\sum_t F t).
Proof.
by move=> sF x; rewrite mulmx_sumr mulmx_suml summxE sumr_ge0 // => t _; apply: sF.
Qed.

(** With weights that are not negative, as the code's are, no direction has negative variance: the eigenvalues of every
   covariance are at least zero. *)
Theorem covariances_are_positive_semidefinite X :
  (forall t, 0 <= weight X t) ->
  [/\ semidefinite (cov_full X), semidefinite (cov_layer X), semidefinite (cov_hidden X)
    & forall i, semidefinite (cov_per_layer X i)].
Proof.
move=> w0.
have sums n (F : 'I_(tokens X) -> 'M[R]_n) : (forall t, semidefinite (F t)) -> semidefinite (\sum_t weight X t *: F t).
  by move=> sF; apply: sum_is_semidefinite => t; apply: scaled_is_semidefinite.
split=> [|||i].
- by apply: sums => t; apply: square_is_semidefinite.
- apply: scaled_is_semidefinite; first by rewrite invr_ge0 ler0n.
  by apply: sums => t; rewrite -[X in X *m _]trmxK; apply: square_is_semidefinite.
- apply: scaled_is_semidefinite; first by rewrite invr_ge0 ler0n.
  by apply: sums => t; apply: square_is_semidefinite.
- by apply: sums => t; apply: square_is_semidefinite.
Qed.

(** Weighted deviations add to zero: what a step is above the mean the others are below it. *)
Lemma deviations_add_to_zero X : normalised X -> \sum_t weight X t *: dev X t = 0.
Proof.
move=> w1; rewrite /dev; under eq_bigr do rewrite scalerBr.
by rewrite big_split /= sumrN -scaler_suml w1 scale1r subrr.
Qed.

(** The full covariance of M steps has rank at most M - 1: M deviations that add to zero span no more directions. A student of
   5 steps shapes a covariance of rank 4, whatever p is. *)
Theorem full_covariance_of_m_steps_has_rank_below_m X :
  normalised X -> (\rank (cov_full X) <= (tokens X).-1)%N.
Proof.
move=> w1; pose D : 'M[R]_(tokens X, a * b) := \matrix_t mxvec (dev X t).
pose w : 'rV[R]_(tokens X) := \row_t weight X t.
have -> : cov_full X = (D^T *m diag_mx w) *m D.
  apply/matrixP => x y; rewrite mul_mx_diag summxE mxE; apply: eq_bigr => t _.
  by rewrite !mxE big_ord1 mxE mulrCA mulrA.
have wD : w *m D = 0.
  have -> : w *m D = mxvec (\sum_t weight X t *: dev X t).
    rewrite mulmx_sum_row linear_sum; apply: eq_bigr => t _ /=.
    by rewrite mxE rowK linearZ.
  by rewrite deviations_add_to_zero // linear0.
have w0 : w != 0.
  apply/eqP => w0; have := w1; rewrite /normalised.
  have -> : \sum_t weight X t = 0.
    by apply: big1 => t _; have := congr1 (fun v : 'rV[R]_ _ => v 0 t) w0; rewrite !mxE.
  by move/eqP; rewrite eq_sym oner_eq0.
apply: (leq_trans (mxrankM_maxr _ _)).
have : (\rank w <= \rank (kermx D))%N by apply: mxrankS; apply/sub_kermxP.
rewrite rank_rV w0 mxrank_ker subn_gt0.
by case: (tokens X) D {wD} => [|n] D //=; rewrite ltnS.
Qed.

(** A full match can be impossible: no student of M steps has the full covariance of a teacher whose own has rank M or more.
   This is why the mode-wise form exists. *)
Theorem full_match_can_be_impossible (teacher student : trajectory R a b) :
  normalised student -> (tokens student <= \rank (cov_full teacher))%N -> cov_full student <> cov_full teacher.
Proof.
move=> w1 high same; have := full_covariance_of_m_steps_has_rank_below_m w1.
rewrite same => low; have: (tokens student <= (tokens student).-1)%N by apply: leq_trans low.
move: w1 {high same low}; rewrite /normalised; case: student => [[|n]] w p s /=; last by rewrite ltnn.
by rewrite big_ord0 => /esym/eqP; rewrite oner_eq0.
Qed.

End Contractions.

Section Examples.
Variable R : realFieldType.

Lemma dev_centred a b (X : trajectory R a b) t : mean X = 0 -> dev X t = slice X t.
Proof. by rewrite /dev => ->; rewrite subr0. Qed.

Lemma mean_entry a b n (Z : 'I_n -> 'M[R]_(a, b)) i j : mean (uniform Z) i j = n%:R^-1 * \sum_t Z t i j.
Proof. by rewrite /mean summxE mulr_sumr; apply: eq_bigr => t _; rewrite mxE. Qed.

(** Two tokens, the exchange of two components and its negative. *)
Let exchange : trajectory R 2 2 := uniform (fun t : 'I_2 => \matrix_(i, j) ((-1) ^+ t *+ (i != j))).

Let exchange_centred : mean exchange = 0.
Proof. by apply/matrixP => i j; rewrite mean_entry !big_ord_recl big_ord0 !mxE; case: (i != j) => /=; rewrite ?mulr1n ?mulr0n; field. Qed.

(** The mode-wise covariances do not commute with projection: they have summed over the other mode before it was cut. What
    the code compares inside the subspace is not the projection of the mode-wise covariances outside it. *)
Theorem modewise_covariances_do_not_commute_with_projection :
  exists (U V : 'M[R]_(2, 1)) (X : trajectory R 2 2),
  [/\ orthonormal U, orthonormal V, cov_layer (project U V X) <> U^T *m cov_layer X *m U
    & cov_hidden (project U V X) <> V^T *m cov_hidden X *m V].
Proof.
pose e : 'M[R]_(2, 1) := delta_mx 0 0.
have one : orthonormal e.
  by rewrite /orthonormal trmx_delta mul_delta_mx; apply/matrixP => i j; rewrite !mxE !ord1.
have corner (A : 'M[R]_2) : e^T *m A *m e = (A 0 0)%:M.
  by rewrite /e trmx_delta -rowE; apply/matrixP => i j; rewrite -colE !mxE !ord1 /= mulr1n.
have none t : dev (project e e exchange) t = 0.
  rewrite dev_project dev_centred ?exchange_centred // corner.
  by apply/matrixP => i j; rewrite !mxE /= mulr0n mul0rn.
have half : 0 <> 2%:R^-1 :> R by move/eqP; rewrite eq_sym invr_eq0 pnatr_eq0.
exists e, e, exchange; split=> //; rewrite corner => /matrixP/(_ 0 0).
- rewrite cov_layerE big1 ?mulr0 => [|t _]; last by rewrite none big1 ?mulr0 // => j _; rewrite mxE mul0r.
  rewrite mxE eqxx mulr1n cov_layerE !big_ord_recl !big_ord0 !dev_centred ?exchange_centred // !mxE /=.
  by rewrite /bump /= => E; apply: half; rewrite E; field.
- rewrite cov_hiddenE big1 ?mulr0 => [|t _]; last by rewrite none big1 ?mulr0 // => j _; rewrite mxE mul0r.
  rewrite mxE eqxx mulr1n cov_hiddenE !big_ord_recl !big_ord0 !dev_centred ?exchange_centred // !mxE /=.
  by rewrite /bump /= => E; apply: half; rewrite E; field.
Qed.

(** Diagonal slices of signs. *)
Definition signs n (e : 'I_n -> 'I_2 -> nat) : trajectory R 2 2 := uniform (fun t => diag_mx (\row_i (-1) ^+ e t i)).

Lemma uniform_normalised a b n (Z : 'I_n.+1 -> 'M[R]_(a, b)) : normalised (uniform Z).
Proof. by rewrite /normalised sumr_const card_ord -[LHS]mulr_natr mulVf ?pnatr_eq0. Qed.

Lemma signs_modewise n (e : 'I_n.+1 -> 'I_2 -> nat) : mean (signs e) = 0 ->
  cov_layer (signs e) = (2%:R^-1)%:M /\ cov_hidden (signs e) = (2%:R^-1)%:M.
Proof.
move=> centred; rewrite /cov_layer /cov_hidden.
have square t : dev (signs e) t *m (dev (signs e) t)^T = 1%:M /\ (dev (signs e) t)^T *m dev (signs e) t = 1%:M.
  rewrite dev_centred //= tr_diag_mx mulmx_diag -diag_const_mx.
  by split; congr diag_mx; apply/matrixP => i j; rewrite !mxE -expr2 sqrr_sign.
have weights : \sum_t weight (signs e) t *: (1%:M : 'M[R]_2) = 1%:M.
  by rewrite -scaler_suml [X in X *: _]uniform_normalised scale1r.
split; under eq_bigr do rewrite ?(square _).1 ?(square _).2; by rewrite weights scalemx1.
Qed.

(** Four tokens: the identity, diag(1, -1) and their negatives. Two steps: the identity and its negative. *)
Definition two_axes := signs (fun t : 'I_4 => fun i => (t + (1 < t) * i)%N).
Definition one_axis := signs (fun t : 'I_2 => fun _ => t : nat).

Lemma two_axes_centred : mean two_axes = 0.
Proof.
apply/matrixP => i j; rewrite mean_entry !big_ord_recl big_ord0 !mxE /bump /=.
by case: i j => [[|[|//]] ?] [[|[|//]] ?]; rewrite /= ?mulr1n ?mulr0n; field.
Qed.

Lemma one_axis_centred : mean one_axis = 0.
Proof.
apply/matrixP => i j; rewrite mean_entry !big_ord_recl big_ord0 !mxE /bump /=.
by case: (i == j); rewrite /= ?mulr1n ?mulr0n; field.
Qed.

(** A student of two steps with the teacher's mean and mode-wise covariances, where no two steps whatever have the teacher's
    full covariance. The mode-wise form can be met where the full one cannot. *)
Theorem modewise_can_match_where_full_cannot :
  exists teacher student : trajectory R 2 2,
  [/\ normalised teacher, normalised student, mean student = mean teacher,
      cov_layer student = cov_layer teacher /\ cov_hidden student = cov_hidden teacher
    & forall other : trajectory R 2 2,
      normalised other -> (tokens other <= 2)%N -> cov_full other <> cov_full teacher].
Proof.
exists two_axes, one_axis; split; try exact: uniform_normalised.
- by rewrite one_axis_centred two_axes_centred.
- have [-> ->] := signs_modewise one_axis_centred.
  by have [-> ->] := signs_modewise two_axes_centred.
- move=> other w1 few; apply: full_match_can_be_impossible => //; apply: leq_trans few _.
  pose f (i : 'I_2) := mxvec_index i i.
  have two : \rank (rowsub f (colsub f (cov_full two_axes))) = 2%N.
    suff -> : rowsub f (colsub f (cov_full two_axes)) = 1%:M by rewrite mxrank1.
    apply/matrixP => i k; rewrite 3!mxE cov_fullE !big_ord_recl big_ord0 !dev_centred ?two_axes_centred // !mxE /bump !eqxx /=.
    by case: i k => [[|[|//]] ?] [[|[|//]] ?]; rewrite /= ?mulr1n ?mulr0n; field.
  have rows (A : 'M[R]_(2 * 2, 2)) : (\rank (rowsub f A) <= \rank A)%N.
    by apply: mxrankS; apply/row_subP => i; rewrite row_rowsub row_sub.
  have columns (A : 'M[R]_(2 * 2)) : (\rank (colsub f A) <= \rank A)%N.
    rewrite -mxrank_tr -(mxrank_tr A); apply: mxrankS; apply/row_subP => i.
    by rewrite -tr_col col_colsub tr_col row_sub.
  by rewrite -[X in (X <= _)%N]two; apply: leq_trans (rows _) (columns _).
Qed.

End Examples.
